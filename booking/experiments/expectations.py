"""Hold sales against what their scenarios expect."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

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
    """Return what is not as expected, a line each; nothing when all of it is."""
    end = sale.history.end
    numbers: list[tuple[str, int | None, int | None]] = [
        ("sold", expect.sold, sale.sold),
        ("remaining", expect.remaining, sale.remaining),
        ("info", expect.info, len(sale.completions("info"))),
        ("crashed", expect.crashed, len(end.deaths)),
        ("hung", expect.hung, len(end.hung)),
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
    """Return the exit code of a sale: whether it is as expected, or its verdict's."""
    if expect is None:
        return EXIT_CODE_OF_VERDICT[sale.verdict.outcome]
    return _unless_as_expected(sale.verdict.outcome, as_expected=not differences(expect, sale))


def exit_code_of(trials: Sequence[Trial]) -> ExitCode:
    """Return the worst exit code of several trials: an anomaly before an unknown."""
    codes = {
        _unless_as_expected(trial.sale.verdict.outcome, as_expected=not trial.differences)
        for trial in trials
    }
    worst = (ExitCode.ANOMALY, ExitCode.UNKNOWN)
    return next((code for code in worst if code in codes), ExitCode.AS_EXPECTED)


def expected_code(name: str | None) -> Callable[[Outcome, Container[AnomalyName]], ExitCode]:
    """Return the function from an outcome and its anomalies to the exit code of `--expect NAME`.

    Without a name it is the verdict's own. Raises `UsageError` for an unknown name.
    """
    if name is None:
        return lambda outcome, _anomalies: EXIT_CODE_OF_VERDICT[outcome]
    expected = named(name)

    def code(outcome: Outcome, anomalies: Container[AnomalyName]) -> ExitCode:
        fits = expected.verdict in {None, outcome}
        fits = fits and all(anomaly in anomalies for anomaly in expected.anomalies)
        return _unless_as_expected(outcome, as_expected=fits)

    return code


def _unless_as_expected(outcome: Outcome, *, as_expected: bool) -> ExitCode:
    if as_expected:
        return ExitCode.AS_EXPECTED
    return ExitCode.UNKNOWN if outcome is Outcome.UNKNOWN else ExitCode.ANOMALY
