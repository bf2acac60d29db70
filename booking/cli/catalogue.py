"""`booking list`: what is installed, with its facts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from booking.cli.completers import folders as in_folders
from booking.cli.options import json_option

EPILOG = """\b
Examples:
  booking list --json
  booking list --probe
  booking list --leftovers --in ~/sales
  booking list --leftovers --remove
"""


@click.command(epilog=EPILOG)
@click.option("--probe", is_flag=True, help="Torture each lock, and compare its facts with it.")
@click.option("--leftovers", is_flag=True, help="What killed commands left, and whose it is.")
@click.option("--remove", is_flag=True, help="With --leftovers: remove what no process uses.")
@click.option(
    "--in", "folders", multiple=True, metavar="FOLDER", shell_complete=in_folders,
    help="With --leftovers: look here.  [default: the current folder]",
)  # fmt: skip
@json_option
def listing(
    probe: bool, leftovers: bool, remove: bool, folders: tuple[str, ...], as_json: bool
) -> int:
    """List stores, locks, guards, fleets, behaviours and schedulers, with their facts.

    With --probe real processes torture each lock alone. Exit code 1: a fact is wrong.

    With --leftovers, list instead what is left of commands that were killed. Exit code 1: with
    --remove, something that no process uses could not be removed.
    """
    from booking.errors import UsageError

    if leftovers:
        if probe:
            raise UsageError("--probe and --leftovers: give one of them")
        return _leftovers(folders or (".",), remove=remove, as_json=as_json)
    if remove or folders:
        raise UsageError(f"{'--remove' if remove else '--in'} goes with --leftovers; give both")
    return _catalogue(probe=probe, as_json=as_json)


def _leftovers(folders: Sequence[str], *, remove: bool, as_json: bool) -> int:
    """List what is left, and remove it if asked; return the exit code."""
    from booking.errors import UsageError
    from booking.experiments.leftovers import leftovers, removed
    from booking.report import documents
    from booking.report.leftovers_document import leftovers_document
    from booking.report.terminal.leftovers import show_leftovers

    for folder in folders:
        if not Path(folder).is_dir():
            raise UsageError(f"--in {folder}: is no folder; name the folder of an inventory")
    found = leftovers([Path(folder) for folder in folders])
    if remove:
        found = removed(found)
    if as_json:
        documents.show(leftovers_document(found))
    else:
        show_leftovers(found)
    return int(remove and any(one.state == "free" and not one.removed for one in found))


def _catalogue(*, probe: bool, as_json: bool) -> int:
    """List what is installed; return the exit code."""
    from booking.core.catalogue import catalogue
    from booking.core.redaction import redacted
    from booking.report import documents
    from booking.report.terminal.catalogue import show_catalogue
    from booking.report.terminal.text import echo

    installed = catalogue()
    lies = _probed(installed["locks"]) if probe else []
    if as_json:
        documents.show(installed)
    else:
        show_catalogue(installed)
    if not lies:
        return 0
    more = f" (and {len(lies) - 1} more)" if len(lies) > 1 else ""
    echo(redacted(f"booking: {lies[0]}{more}"), err=True)
    return 1


def _probed(locks: list[dict[str, Any]]) -> list[str]:
    """Add to each installed lock what a torture finds; return what is not as it is stated."""
    from booking.experiments.lock_probe import probe

    lies = []
    for entry in locks:
        if entry["installed"]:
            probed = probe(entry["name"])
            entry["probe"] = {
                "found": probed.found, "lies": probed.lies, "elapsed_s": probed.elapsed_s
            }  # fmt: skip
            lies += [f"lock {entry['name']}: {lie}" for lie in probed.lies]
    return lies
