"""What a user's code raises means the same in a sale, a schedule, an exploration and a replay."""

from __future__ import annotations

import pytest

from booking.core.scenario import from_flags
from booking.core.verdict import Outcome
from booking.errors import UsageError
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


@pytest.mark.sweep(usual=lambda name: name in {"Busy", "Torn"})
@pytest.mark.parametrize("name", MEANS)
def test_an_error_means_the_same_in_every_mode(name: str) -> None:
    """Built from one mapping, in `booking.core.order_execution`."""
    guard = f"tests.support.raising:{name}"
    flags = {"guard": guard, "lock": "flock", "buyers": 3, "tickets": 3, "seed": 1}
    scenario = from_flags({**flags, "control": False, "delay": "100ms"})
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


STORES = {
    "ClosesBadlyInBuyers": "ValueError: open orders",
    "Exits": "",
    "CountsInText": "TypeError: ",
    "StepsWithoutName": "Error: ",
}


@pytest.mark.parametrize("schedule", [None, "random"])
@pytest.mark.parametrize("name", STORES)
def test_a_store_that_fails_around_an_order_decides_nothing(
    name: str, schedule: str | None
) -> None:
    """Nor does it end the harness: least of all with an exit that says that all is well."""
    flags = {"store": f"tests.support.raising:{name}", "lock": "flock", "buyers": 2, "tickets": 2}
    scenario = from_flags({**flags, "seed": 1, "search": False})
    sale = run_scheduled(scenario, schedule) if schedule else run_sale(scenario)
    assert sale.verdict.outcome is Outcome.UNKNOWN
    assert STORES[name] in sale.verdict.reason
    assert "crashed" not in sale.verdict.reason


@pytest.mark.parametrize("schedule", [None, "random"])
def test_a_store_that_cannot_be_closed_is_named(schedule: str | None) -> None:
    """One line for the user, and no traceback."""
    scenario = from_flags({"store": "tests.support.raising:ClosesBadly", "buyers": 2, "seed": 1})
    with pytest.raises(UsageError, match=r"store ClosesBadly fails: ValueError: open orders"):
        run_scheduled(scenario, schedule) if schedule else run_sale(scenario)
