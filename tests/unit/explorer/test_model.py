"""Limits of an exploration: a bound that was reached is named."""

from __future__ import annotations

import pytest

from booking.core.verdict import Outcome
from booking.explorer.model import Limits
from tests.support.explorations import explored


@pytest.mark.parametrize("method", ["graph", "reduced", "plain"])
@pytest.mark.parametrize(
    "limits, bound",
    [(Limits(states_max=5), "max-states"), (Limits(seconds_max=0), "max-seconds")],
)
def test_a_bound_that_was_reached_is_named(limits, bound, method):
    """Nothing is counted, nothing is proved."""
    proof = explored(4, 3, lock="flock", limits=limits, method=method)
    found = proof.exploration
    assert (found.outcome, found.complete, found.bound) == (Outcome.UNKNOWN, False, bound)
    assert found.interleavings is None
    assert f"--{bound}" in proof.reason


def test_an_anomaly_found_before_the_bound_counts():
    """Invalid beats unknown: the witness was executed for real."""
    found = explored(6, 3, limits=Limits(states_max=40)).exploration
    assert (found.outcome, found.complete) == (Outcome.INVALID, False)
