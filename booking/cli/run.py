"""`booking run`: scenario files, held against what they expect."""

from __future__ import annotations

from pathlib import Path

import click

from booking.cli.options import json_option, memory_option

EPILOG = """\b
Examples:
  booking run scenarios/
  booking run scenarios/01-as-written.toml --junit report.xml
"""


@click.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="JUnit XML as well.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="For scenarios that name none.")
@memory_option
@json_option
def run(paths: tuple[Path, ...], junit: Path | None, seed: int | None, as_json: bool) -> int:
    """Run scenario files (a folder: all .toml in it), hold each against what it expects.

    A scenario that expects nothing must be sound. Every file is read before any sale starts.
    """
    from booking.errors import ExitCode
    from booking.experiments.expectations import Trial, collect, trials_exit_code
    from booking.report import documents
    from booking.report import junit as junit_file
    from booking.report.sale_document import trial_document
    from booking.report.terminal import trials as trials_report

    scenarios = collect(paths, seed)
    trials: list[Trial] = []
    for path, scenario in scenarios:
        if not as_json:
            trials_report.show_start(path, scenario)
        trials.append(Trial.of(path, scenario))
        if not as_json:
            trials_report.show_trial(trials[-1])
    if junit is not None:
        junit_file.write(trials, junit)
    if as_json:
        documents.show({"scenarios": [trial_document(trial) for trial in trials]})
    else:
        trials_report.show_total(trials)
    return trials_exit_code(trials) if trials else ExitCode.USAGE
