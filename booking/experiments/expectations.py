"""Compare outcomes with what a scenario or `--expect` names, and turn them into exit codes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from booking.core.data_files import NOTHING, Permission
from booking.core.registry import unknown
from booking.core.scenario import Expect, Scenario, from_file
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import EXIT_CODE_OF_VERDICT, ExitCode, UsageError
from booking.experiments.sale import Sale, run_sale


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


def collect(
    paths: Iterable[Path], seed: int | None = None, allowed: Permission = NOTHING
) -> list[tuple[Path, Scenario]]:
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
    scenarios = [(path, from_file(path, allowed)) for path in files]
    return [
        (path, scenario if scenario.seed is not None else scenario.but(seed=seed))
        for path, scenario in scenarios
    ]


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


def trials_exit_code(trials: Sequence[Trial]) -> ExitCode:
    """Return the worst exit code of several trials: an anomaly before an unknown."""
    codes = {_exit_code(trial.sale.verdict.outcome, trial.differences) for trial in trials}
    worst = (ExitCode.ANOMALY, ExitCode.UNKNOWN)
    return next((code for code in worst if code in codes), ExitCode.AS_EXPECTED)


def _exit_code(outcome: Outcome, problems: Sequence[str] | None) -> ExitCode:
    """Return the code of an expectation and its problems; without one, of the outcome alone."""
    if problems is None:
        return EXIT_CODE_OF_VERDICT[outcome]
    if not problems:
        return ExitCode.AS_EXPECTED
    return ExitCode.UNKNOWN if outcome is Outcome.UNKNOWN else ExitCode.ANOMALY
