"""A limit of a search holds in the middle of an execution, whatever the code does there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from booking.core.verdict import Outcome
from booking.explorer.model import Limits
from booking.explorer.task import CooperativeScheduler
from booking.system.deadline import Expired
from tests.support.explorations import explored

METHODS = ["graph", "reduced", "plain"]
FAR_S = 20.0  # far beyond the limit, and far from what a search without one takes


def ended(guard: str, method: Any, **limits: Any) -> tuple[str | None, float, int]:
    proof = explored(
        2, 1, guard=f"tests.support.endless:{guard}", lock="flock", method=method,
        limits=Limits(**limits),
    )  # fmt: skip
    found = proof.exploration
    assert found.outcome is Outcome.UNKNOWN
    assert not found.complete
    return found.bound, found.elapsed_s, found.states


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("guard", ["Steps", "Spins", "Swallows", "SwallowsAtFirst"])
def test_the_time_is_over_inside_an_execution(guard: str, method: Any) -> None:
    """From step to step, between two steps, and where each exception is swallowed."""
    bound, elapsed_s, _ = ended(guard, method, seconds_max=0.4)
    assert bound == "max-seconds"
    assert elapsed_s < FAR_S


def test_an_alarm_that_comes_too_late_is_no_error() -> None:
    """It may ring behind the task's last instruction, in the search itself."""
    driver = CooperativeScheduler()

    def switch() -> None:
        raise Expired

    task: Any = SimpleNamespace(greenlet=SimpleNamespace(switch=switch), failed=None)
    driver.resume(task)
    assert driver.current is None
    assert task.failed is None


@pytest.mark.parametrize("method", METHODS)
def test_the_states_are_over_inside_an_execution(method: Any) -> None:
    """One execution alone has more of them than the limit."""
    bound, _, states = ended("Steps", method, states_max=40)
    assert bound == "max-states"
    assert states <= 50


@pytest.mark.parametrize("method", METHODS)
def test_a_limit_that_is_not_reached_changes_nothing(method: Any) -> None:
    """The same sale within its limits is complete."""
    proof = explored(2, 1, lock="flock", method=method, limits=Limits(200, 60.0))
    assert proof.exploration.outcome is Outcome.VALID
