"""`booking init`: examples of files, written into a folder of the user."""

from __future__ import annotations

from pathlib import Path

import click

EPILOG = """\b
Examples:
  booking init scenarios
  booking init scenarios sales/
"""


@click.command(epilog=EPILOG)
@click.argument("what", metavar="scenarios", type=click.Choice(["scenarios"]), expose_value=False)
@click.argument("folder", default="scenarios", type=click.Path(path_type=Path))
def init(folder: Path) -> int:
    """Write the shipped scenarios into FOLDER, "scenarios" unless given.

    A file that is there and has another content is kept: nothing is written then. `booking run` and
    `booking simulate` find a shipped scenario by its name, without this command.
    """
    from booking.core.shipped_scenarios import write_to
    from booking.errors import ExitCode
    from booking.report.terminal.text import echo

    names = write_to(folder)
    echo(f"{len(names)} scenarios in {folder}; run them with: booking run {folder}")
    return ExitCode.AS_EXPECTED
