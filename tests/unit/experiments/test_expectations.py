"""One map from outcome to exit code; an expectation takes its place."""

from __future__ import annotations

from asyncio import CancelledError
from datetime import UTC, datetime
from pathlib import Path

import pytest

from booking.core.assembly import assemble
from booking.core.scenario import Expect, Scenario
from booking.core.verdict import Anomaly, AnomalyName, Outcome, Verdict
from booking.errors import ExitCode, UsageError
from booking.experiments import expectations
from booking.experiments.expectations import (
    Failure,
    Planned,
    Trial,
    exploration_exit_code,
    named,
    sale_exit_code,
    trials_exit_code,
)
from booking.experiments.sale import Sale
from booking.history.model import History
from booking.system.signals import Stopped

NOW = datetime(2026, 1, 2, tzinfo=UTC)

OVERSELL = AnomalyName.OVERSELL


def sale(outcome: Outcome, *names: AnomalyName) -> Sale:
    anomalies = tuple(Anomaly(name, "…") for name in names)
    return Sale(assemble(Scenario()), History(3, 0), Verdict(outcome, "…", anomalies))


@pytest.mark.parametrize(
    "outcome, names, expected, code",
    [
        (Outcome.VALID, [], None, 0),
        (Outcome.INVALID, [OVERSELL], None, 1),
        (Outcome.UNKNOWN, [], None, 3),
        (Outcome.INVALID, [OVERSELL], "oversell", 0),
        (Outcome.INVALID, [OVERSELL], "invalid", 0),
        (Outcome.INVALID, [OVERSELL], "valid", 1),
        (Outcome.INVALID, [OVERSELL], "torn-read", 1),
        (Outcome.VALID, [], "oversell", 1),
        (Outcome.UNKNOWN, [], "valid", 3),
        (Outcome.UNKNOWN, [], "unknown", 0),
    ],
)
def test_a_sale_and_an_exploration_end_with_the_same_code(
    outcome: Outcome, names: list[AnomalyName], expected: str | None, code: int
) -> None:
    expect = named(expected)
    assert sale_exit_code(sale(outcome, *names), expect) == code
    assert exploration_exit_code(outcome, names, expect) == code


def test_an_unknown_outcome_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean oversell"):
        named("overselll")


def test_several_trials_end_with_the_worst_code() -> None:
    """An anomaly comes before an unknown, and both before success."""
    trials = [
        Trial(Planned(Path("a"), None), sale(Outcome.VALID), [], 0, NOW),
        Trial(Planned(Path("b"), None), sale(Outcome.UNKNOWN), ["verdict: …"], 0, NOW),
        Trial(Planned(Path("c"), None), sale(Outcome.INVALID), ["verdict: …"], 0, NOW),
    ]
    assert trials_exit_code(trials) == ExitCode.ANOMALY
    assert trials_exit_code(trials[:2]) == ExitCode.UNKNOWN
    assert trials_exit_code(trials[:1]) == ExitCode.AS_EXPECTED
    failed = [
        Trial(Planned(Path("d"), None), None, [], 0, NOW, Failure(code, "…")) for code in (2, 70)
    ]
    assert trials_exit_code([*trials, failed[0]]) == ExitCode.USAGE
    assert trials_exit_code([failed[0], *trials, failed[1]]) == ExitCode.DEFECT
    assert Expect(verdict=Outcome.VALID) == named("valid")


def test_a_defect_of_ours_is_a_trial_without_a_sale(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not end the run; an interruption does."""

    def run_sale(_scenario: Scenario) -> Sale:
        raise errors.pop()

    monkeypatch.setattr(expectations, "run_sale", run_sale)
    errors: list[BaseException] = [
        Stopped(2), KeyError("seats"), CancelledError(), SystemExit(0),
    ]  # fmt: skip
    planned = Planned(Path("a"), Scenario())
    assert Trial.of(planned).exit_code == ExitCode.USAGE
    assert Trial.of(planned).exit_code == ExitCode.USAGE  # no Exception either
    trial = Trial.of(planned)
    assert (trial.exit_code, trial.sale) == (ExitCode.DEFECT, None)
    assert trial.failure is not None
    assert trial.failure.message.startswith("defect of booking: KeyError: 'seats'")
    with pytest.raises(Stopped):
        Trial.of(planned)
