"""The frame of every search: when it is complete, and what ends it."""

from __future__ import annotations

import pytest

from booking.core.verdict import Outcome
from booking.experiments.exploration import Method
from booking.explorer.model import Limits
from tests.support.explorations import explored, shop

ONE_BY_ONE: tuple[Method, ...] = ("plain", "reduced")


@pytest.mark.parametrize("method", ONE_BY_ONE)
def test_a_limit_that_the_last_execution_reaches_leaves_the_search_complete(method: Method) -> None:
    """Nothing is left to explore, so the limit cuts nothing off."""
    found = explored(1, 1, method=method, limits=Limits(states_max=1)).exploration
    assert (found.states, found.bound, found.complete) == (2, None, True)


@pytest.mark.parametrize("method", ONE_BY_ONE)
def test_the_first_anomaly_ends_the_search_where_asked_for(method: Method) -> None:
    """The other interleavings are not executed, and nothing is counted."""
    whole = explored(3, 1, method=method).exploration
    first = explored(3, 1, method=method, first=True).exploration
    assert (first.outcome, first.bound, first.complete) == (Outcome.INVALID, "first", False)
    assert first.interleavings is None
    assert first.executions < whole.executions
    assert first.first_finding_s is not None


@pytest.mark.parametrize("method", ONE_BY_ONE)
def test_an_execution_that_does_not_end_is_unknown(
    monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    """Its steps are bounded, and the caveat names the step at which it was left."""
    monkeypatch.setattr("booking.explorer.search.STEPS_MAX", 50)
    proof = explored(2, 1, guard=shop("Spinner"), method=method)
    assert proof.exploration.outcome is Outcome.UNKNOWN
    assert (
        proof.reason == "buyer 0, step read data.json: one execution took 50 steps, and did not end"
    )


def test_a_sale_without_a_number_is_not_merged() -> None:
    """The graph says which method to use, and that method decides."""
    proof = explored(2, 1, guard=shop("Nameless"), method="graph")
    assert proof.exploration.outcome is Outcome.UNKNOWN
    assert "--method reduced" in proof.reason
    assert explored(2, 1, guard=shop("Nameless"), method="reduced").exploration.complete
