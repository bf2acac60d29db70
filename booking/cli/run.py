"""`booking run`: scenario files, held against what they expect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from booking.cli.completers import scenario
from booking.cli.options import (
    allow_code_option,
    allow_places_option,
    json_option,
    memory_option,
    memory_words,
    warn_of_torn_writes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from booking.experiments.expectations import Planned, Trial

EPILOG = """\b
Examples:
  booking run 01-as-written 02-with-mutex
  booking run scenarios/ --junit report.xml
"""


@click.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path),
                shell_complete=scenario)  # fmt: skip
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="JUnit XML as well.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="For scenarios that name none.")
@memory_option
@allow_code_option
@allow_places_option
@json_option
@click.pass_context
def run(
    context: click.Context,
    /,
    paths: tuple[Path, ...],
    junit: Path | None,
    seed: int | None,
    allow_code: bool,
    allow_places: bool,
    as_json: bool,
) -> int:
    """Run scenario files (a folder: all .toml in it), hold each against what it expects.

    A shipped scenario is found by its name. A scenario that expects nothing must be sound. Every
    file is read before any sale starts. One that cannot be read or run does not keep the others
    from running. The exit code is the gravest.
    """
    from booking.core.data_files import Permission
    from booking.errors import ExitCode
    from booking.experiments.expectations import Trial, collect, trials_exit_code
    from booking.report import junit as junit_file
    from booking.system.output import ensure_apart, ensure_output

    if junit is not None:
        ensure_output("--junit", junit)
    permission, options = Permission(allow_code, allow_places), memory_words(context)
    planned = collect(paths, seed, permission, options)
    ensure_apart({"--junit": junit}, {f"scenario {each.path}": each.path for each in planned})
    _ensure_some(planned, junit)
    warn_of_torn_writes(*(each.scenario for each in planned if each.scenario is not None))
    trials: list[Trial] = []
    ended: BaseException | None = None
    try:
        for at, each in enumerate(planned):
            _show(each, None, quiet=as_json)
            if junit is not None:
                junit_file.write_so_far(trials, junit, planned[at:])
            trials.append(Trial.of(each))
            _show(each, trials[-1], quiet=as_json)
    except BrokenPipeError:  # nothing more can be shown
        if junit is not None:
            junit_file.write(trials, junit, planned[len(trials) :])
        raise
    except BaseException as error:  # an interruption; with BOOKING_DEBUG also a defect
        ended = error
    if isinstance(ended, Exception):
        junit = None  # it says already that booking ended while this scenario ran
    _report(trials, planned[len(trials) :], junit, ended, as_json=as_json)
    if ended is not None:
        raise ended
    return trials_exit_code(trials) if trials else ExitCode.USAGE


def _ensure_some(planned: Sequence[Planned], junit: Path | None) -> None:
    """Raise `UsageError` where not one file can be read; JUnit has each error."""
    from booking.errors import UsageError
    from booking.experiments.expectations import Trial
    from booking.report import junit as junit_file

    failures = [each.failure for each in planned if each.failure is not None]
    if not failures or len(failures) < len(planned):
        return
    if junit is not None:
        junit_file.write([Trial.of(each) for each in planned], junit)
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    raise UsageError(f"{failures[0].message}{more}")


def _show(planned: Planned, trial: Trial | None, *, quiet: bool) -> None:
    """Print which scenario comes next, or how it went; its error goes to standard error, too."""
    from booking.report.terminal import trials as trials_report
    from booking.report.terminal.text import echo

    if not quiet:
        if trial is None:
            trials_report.show_start(planned)
        else:
            trials_report.show_trial(trial)
    if trial is not None and trial.failure is not None:
        echo(f"booking: {_located(trial.path, trial.failure.message)}", err=True)


def _located(path: Path, message: str) -> str:
    return message if message.startswith(str(path)) else f"{path}: {message}"


def _report(
    trials: Sequence[Trial],
    not_run: Sequence[Planned],
    junit: Path | None,
    ended: BaseException | None,
    *,
    as_json: bool,
) -> None:
    """Write what there is, in every form that the user asked for; a file that fails comes last."""
    from booking.errors import UsageError
    from booking.report import junit as junit_file

    unwritten: UsageError | None = None
    if junit is not None:
        try:
            junit_file.write(trials, junit, not_run)
        except UsageError as error:
            unwritten = error
    _show_all(trials, not_run, ended, as_json=as_json)
    if unwritten is not None:
        raise unwritten


def _show_all(
    trials: Sequence[Trial],
    not_run: Sequence[Planned],
    ended: BaseException | None,
    *,
    as_json: bool,
) -> None:
    """Print the document of all results, or how many there are of each kind."""
    from booking.errors import ExitCode
    from booking.report import documents
    from booking.report.sale_document import trial_document
    from booking.report.terminal import trials as trials_report

    if not as_json:
        trials_report.show_total(trials, len(not_run))
        return
    document: dict[str, object] = {"scenarios": [trial_document(trial) for trial in trials]}
    if ended is not None:
        usual = ExitCode.INTERRUPTED if isinstance(ended, KeyboardInterrupt) else ExitCode.DEFECT
        message = f"interrupted; {len(not_run)} scenarios were not run"
        document["error"] = {"code": int(getattr(ended, "exit_code", usual)), "message": message}
    documents.show(document)
