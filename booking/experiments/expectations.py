"""Compare outcomes with what a scenario or `--expect` names, and turn them into exit codes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic

from booking.core.command_line import run_command
from booking.core.data_files import NOTHING, Permission, all_built_in
from booking.core.redaction import redacted
from booking.core.scenario import Expect, Scenario, from_file, variants
from booking.core.shipped_scenarios import located
from booking.core.spelling import unknown
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import (
    EXIT_CODE_OF_VERDICT,
    BookingError,
    ExitCode,
    UsageError,
)
from booking.experiments.own_process import in_own_process
from booking.experiments.sale import Sale, drawn_seed, run_sale
from booking.fleets.listener import Listener
from booking.system.advice import of_the_system
from booking.system.signals import Stopped

# The first of these that a trial gave is the exit code of all.
GRAVEST = (ExitCode.DEFECT, ExitCode.USAGE, ExitCode.ANOMALY, ExitCode.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a scenario gave no result: the exit code that it alone would give, and one line."""

    code: int
    message: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Explain an error; one that no user can cause is a defect of ours."""
        if isinstance(error, BookingError):
            return cls(error.exit_code, redacted(" ".join(str(error).split())))
        what = redacted(" ".join(f"{type(error).__name__}: {error}".split()))
        if not isinstance(error, Exception):  # SystemExit, or what a user derived from its base
            return cls(ExitCode.USAGE, f"its code ends the program ({what})")
        if os.environ.get("BOOKING_DEBUG"):
            raise error
        if (problem := of_the_system(error)) is not None:
            return cls(ExitCode.USAGE, redacted(problem))
        return cls(ExitCode.DEFECT, f"defect of booking: {what}; BOOKING_DEBUG=1 shows where")


@dataclass(frozen=True, slots=True)
class Planned:
    """A scenario file that is to be run, or why it cannot be."""

    path: Path
    scenario: Scenario | None
    failure: Failure | None = None
    options: tuple[str, ...] = ()  # words of the command line that this scenario runs with

    @property
    def again(self) -> str:
        """The command that runs this scenario alone."""
        return run_command(self.path, self.scenario, options=self.options)


@dataclass(frozen=True, slots=True)
class Trial:
    """One scenario file, its sale, and what was not as expected; or why there is no sale."""

    planned: Planned
    sale: Sale | None
    differences: list[str]
    elapsed_s: float
    started: datetime
    failure: Failure | None = None

    @classmethod
    def of(cls, planned: Planned) -> Trial:
        """Run a scenario, whatever comes of it; one that expects nothing must be sound.

        Only an interruption ends the trials behind it, too.
        """
        start_s, started = monotonic(), datetime.now(UTC)
        scenario = planned.scenario
        if scenario is None:
            return cls(planned, None, [], 0.0, started, planned.failure)
        try:
            sale = _sale_of(scenario)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a user's code may raise anything
            sale = Failure.of(error)
        if isinstance(sale, Failure):
            return cls(planned, None, [], monotonic() - start_s, started, sale)
        expect = scenario.expect if scenario.expect != Expect() else Expect(verdict=Outcome.VALID)
        found = differences(expect, sale)
        return cls(planned, sale, found, monotonic() - start_s, started)

    @property
    def path(self) -> Path:
        """The scenario's file."""
        return self.planned.path

    @property
    def scenario(self) -> Scenario | None:
        """The scenario with its seed; None where the file could not be read."""
        return self.planned.scenario

    @property
    def again(self) -> str:
        """The command that runs it again, from the tickets that it began with."""
        sale = self.sale
        as_it_was = sale is not None and sale.assembly.location and sale.scenario.tickets is None
        stock = sale.tickets if sale is not None and as_it_was else None
        return run_command(self.path, self.scenario, stock, self.planned.options)

    @property
    def as_expected(self) -> bool:
        """Whether there was a sale, and it was as expected."""
        return self.failure is None and not self.differences

    @property
    def exit_code(self) -> int:
        """The exit code that this trial alone would give."""
        if self.failure is not None or self.sale is None:
            return self.failure.code if self.failure is not None else ExitCode.UNKNOWN
        return _exit_code(self.sale.verdict.outcome, self.differences)


def _sale_of(scenario: Scenario) -> Sale | Failure:
    """Run a scenario; one that names code of the user's runs in a process of its own."""
    if all_built_in(dict(scenario), variants()):
        return run_sale(scenario)
    return in_own_process(partial(_sale_or_failure, scenario))


def _sale_or_failure(scenario: Scenario, listener: Listener) -> Sale | Failure:
    """Return what may be sent to another process, whatever comes of the sale.

    A `KeyboardInterrupt` that no signal raised is an error of the user's code.
    """
    try:
        return run_sale(scenario, listener)
    except Stopped:
        raise
    except KeyboardInterrupt:
        return Failure(ExitCode.USAGE, "its code ends the program (KeyboardInterrupt)")
    except BaseException as error:  # a user's code may raise anything
        return Failure.of(error)


def collect(
    paths: Iterable[Path],
    seed: int | None = None,
    allowed: Permission = NOTHING,
    options: Sequence[str] = (),
) -> list[Planned]:
    """Read every scenario file named, and every one in a folder named, in order of name.

    A file that cannot be read is planned with its error: it does not keep the others from running.
    `options` are further words of the command that runs one of them again.
    """
    planned: list[Planned] = []
    for path in paths:
        if not path.is_dir():
            planned.append(_planned(path, seed, allowed))
        elif inside := sorted(path.glob("*.toml")):
            planned += [_found(file, seed, allowed) for file in inside]
        else:
            message = f"{path}: no scenario files (*.toml) in this folder"
            planned.append(Planned(path, None, Failure(ExitCode.USAGE, message)))
    return [replace(each, options=tuple(options)) for each in planned]


def _found(path: Path, seed: int | None, allowed: Permission) -> Planned:
    """Read a file of a folder; opening a pipe in it would wait for a writer for ever."""
    if path.is_file() or not path.exists():
        return _planned(path, seed, allowed)
    return Planned(path, None, Failure(ExitCode.USAGE, f"{path}: is no regular file"))


def _planned(path: Path, seed: int | None, allowed: Permission) -> Planned:
    try:
        scenario = from_file(located(path), allowed)
    except Exception as error:
        return Planned(path, None, Failure.of(error))
    if scenario.seed is None:  # drawn now, so that it is known of a sale that fails, too
        scenario = scenario.but(seed=drawn_seed() if seed is None else seed)
    return Planned(path, scenario)


def named(name: str | None) -> Expect | None:
    """Return the expectation of a verdict's name or an anomaly's; None where nothing is named."""
    if name is None:
        return None
    if name in set(Outcome):
        return Expect(verdict=Outcome(name))
    if name in set(AnomalyName):
        return Expect(anomalies=[AnomalyName(name)])
    raise UsageError(f"--expect: {unknown('outcome', name, [*Outcome, *AnomalyName])}")


def differences(expect: Expect, sale: Sale) -> list[str]:
    """Return what is not as expected, a line each; nothing when all of it is."""
    end = sale.history.end
    numbers: list[tuple[str, int | None, int | None]] = [
        ("sold", expect.sold, sale.sold),
        ("remaining", expect.remaining, sale.remaining),
        ("info", expect.info, len(sale.completions("info"))),
        ("crashed", expect.crashed, len(end.deaths)),
        ("hung", expect.hung, len(end.hung)),
    ]
    lines = [
        f"{name}: expected {wanted}, got {got}"
        for name, wanted, got in numbers
        if wanted is not None and wanted != got
    ]
    verdict = sale.verdict
    anomalies = [anomaly.name for anomaly in verdict.anomalies]
    return lines + _differences(expect, verdict.outcome, verdict.reason, anomalies)


def _differences(
    expect: Expect, outcome: Outcome, reason: str, anomalies: Collection[AnomalyName]
) -> list[str]:
    lines = []
    if expect.verdict not in {None, outcome}:
        lines.append(f"verdict: expected {expect.verdict}, got {outcome}: {reason}")
    missing = [name for name in expect.anomalies if name not in anomalies]
    return lines + [f"anomalies: expected {name}, found no such" for name in missing]


def sale_exit_code(sale: Sale, expect: Expect | None) -> ExitCode:
    """Return the exit code of a sale."""
    return _exit_code(sale.verdict.outcome, differences(expect, sale) if expect else None)


def exploration_exit_code(
    outcome: Outcome, anomalies: Collection[AnomalyName], expect: Expect | None
) -> ExitCode:
    """Return the exit code of an exploration, which has an outcome and anomalies only."""
    return _exit_code(outcome, _differences(expect, outcome, "", anomalies) if expect else None)


def trials_exit_code(trials: Sequence[Trial]) -> int:
    """Return the gravest exit code: a defect, wrong input, an anomaly, an unknown."""
    codes = {trial.exit_code for trial in trials}
    return next((code for code in GRAVEST if code in codes), ExitCode.AS_EXPECTED)


def _exit_code(outcome: Outcome, problems: Sequence[str] | None) -> ExitCode:
    """Return the code of an expectation and its problems; without one, of the outcome alone."""
    if problems is None:
        return EXIT_CODE_OF_VERDICT[outcome]
    if not problems:
        return ExitCode.AS_EXPECTED
    return ExitCode.UNKNOWN if outcome is Outcome.UNKNOWN else ExitCode.ANOMALY
