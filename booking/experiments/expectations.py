"""Hold sales against what their scenarios expect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from booking.core.registry import unknown
from booking.core.scenario import Expect, Scenario, from_file
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import ExitCode, UsageError
from booking.experiments.sale import Sale, run_sale

EXIT_CODES = {
    Outcome.VALID: ExitCode.AS_EXPECTED,
    Outcome.INVALID: ExitCode.ANOMALY,
    Outcome.UNKNOWN: ExitCode.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One scenario file, its sale, and what was not as expected."""

    path: Path
    sale: Sale
    differences: list[str]
    elapsed_s: float

    @classmethod
    def of(cls, path: Path, scenario: Scenario) -> Trial:
        """Run a scenario; one that expects nothing must be sound."""
        start_s = monotonic()
        sale = run_sale(scenario)
        expect = scenario.expect if scenario.expect != Expect() else Expect(verdict=Outcome.VALID)
        return cls(path, sale, differences(expect, sale), monotonic() - start_s)


def collect(paths: Iterable[Path], seed: int | None = None) -> list[tuple[Path, Scenario]]:
    """Read every scenario file named, and every one in a folder named, in order of name."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.glob("*.toml"))
            if not inside:
                raise UsageError(f"{path}: no scenario files (*.toml) in this folder")
            files += inside
        else:
            files.append(path)
    scenarios = [(path, from_file(path)) for path in files]
    return [
        (path, one.but(seed=seed) if one.seed is None and seed is not None else one)
        for path, one in scenarios
    ]


def named(name: str) -> Expect:
    """Make an expectation of a verdict's name or an anomaly's."""
    if name in set(Outcome):
        return Expect(verdict=Outcome(name))
    if name in set(AnomalyName):
        return Expect(anomalies=[AnomalyName(name)])
    raise UsageError(f"--expect: {unknown('outcome', name, [*Outcome, *AnomalyName])}")


def differences(expect: Expect, sale: Sale) -> list[str]:
    """Give what is not as expected, a line each; nothing when all of it is."""
    end = sale.history.end
    numbers: list[tuple[str, int | None, int | None]] = [
        ("sold", expect.sold, sale.sold),
        ("remaining", expect.remaining, sale.remaining),
        ("info", expect.info, len(sale.completions("info"))),
        ("crashed", expect.crashed, len(end["crashed"])),
        ("hung", expect.hung, len(end["hung"])),
    ]
    found = [
        f"{name}: expected {wanted}, got {got}"
        for name, wanted, got in numbers
        if wanted is not None and wanted != got
    ]
    outcome = sale.verdict.outcome
    if expect.verdict is not None and expect.verdict is not outcome:
        found.append(f"verdict: expected {expect.verdict}, got {outcome}: {sale.verdict.reason}")
    names = {anomaly.name for anomaly in sale.verdict.anomalies}
    missing = [name for name in expect.anomalies if name not in names]
    return found + [f"anomalies: expected {name}, found no such" for name in missing]


def exit_code(sale: Sale, expect: Expect | None) -> ExitCode:
    """Give the exit code: as expected, or what the verdict alone says."""
    if expect is None:
        return EXIT_CODES[sale.verdict.outcome]
    return _exit_code(sale, differences(expect, sale))


def exit_code_of(trials: Sequence[Trial]) -> ExitCode:
    """Give the worst exit code of several: an anomaly before an unknown."""
    codes = {_exit_code(trial.sale, trial.differences) for trial in trials}
    worst = (ExitCode.ANOMALY, ExitCode.UNKNOWN)
    return next((code for code in worst if code in codes), ExitCode.AS_EXPECTED)


def _exit_code(sale: Sale, found: list[str]) -> ExitCode:
    if not found:
        return ExitCode.AS_EXPECTED
    undecided = sale.verdict.outcome is Outcome.UNKNOWN
    return ExitCode.UNKNOWN if undecided else ExitCode.ANOMALY
