"""What a user's code raises means the same in a sale, a schedule, an exploration and a replay."""

from __future__ import annotations

import pytest

from booking.core.scenario import from_flags
from booking.core.verdict import Outcome
from booking.experiments.replay import replay
from booking.experiments.sale import run_sale
from booking.experiments.scheduled import run_scheduled
from booking.testing import sell
from booking.testing.strategies import Schedule
from tests.support.explorations import explored

MEANS = {
    "Busy": Outcome.VALID,  # the order failed, and says nothing of tickets
    "Uncertain": Outcome.VALID,  # its outcome is unknown, and explained either way
    "Torn": Outcome.INVALID,  # half a write was read
    "Fails": Outcome.UNKNOWN,  # the buyer died, and not as planned
}


@pytest.mark.parametrize("name", MEANS)
def test_an_error_means_the_same_in_every_mode(name: str) -> None:
    """Built from one mapping, in `booking.core.order_execution`."""
    guard = f"tests.support.raising:{name}"
    flags = {"guard": guard, "lock": "flock", "buyers": 3, "tickets": 3, "seed": 1}
    scenario = from_flags({**flags, "control": False, "delay": "0ms..2ms"})
    proof = explored(3, 3, guard=guard, lock="flock")
    found = {
        "simulate": run_sale(scenario).verdict.outcome,
        "random": run_scheduled(scenario, "random").verdict.outcome,
        "explore": proof.exploration.outcome,
        "assert_sound": sell(
            "json", Schedule(3, (0, 1, 2)), tickets=3, guard=guard, lock="flock"
        ).verdict.outcome,
    }
    assert found == dict.fromkeys(found, MEANS[name])
    if proof.counterexample is not None:
        assert replay(proof.counterexample, 2).outcome is MEANS[name]
