"""A clerk that dies has a successor; after an unplanned death the verdict is unknown."""

from __future__ import annotations

import pytest

from tests.conftest import Sell
from tests.support.sales import MANY

CLERK_DIES = {"kind": "kill", "buyer": "clerk"}


@pytest.mark.sweep(
    usual=lambda guard, method: method == "fork" or (guard, method) == ("clerk", "spawn")
)
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("guard", ["clerk", "queue"])
def test_the_clerk_works_with_every_start_method(sell: Sell, guard: str, method: str) -> None:
    """It leaves no process behind."""
    sale = sell(guard=guard, start_method=method, buyers=3, tickets=2, control=False)
    assert (sale["answers"], sale["sold"]) == ("valid", 2)
    left = [sale["processes"][name] for name in ("alive", "zombies", "orphans", "crashed")]
    assert left == [0, 0, 0, 0]


@pytest.mark.parametrize("before", ["receive", "read", "replace", "send"])
@pytest.mark.parametrize("nth", [1, 3])
def test_a_clerk_that_dies_has_a_successor(sell: Sell, before: str, nth: int) -> None:
    """Nothing is sold twice; at most the orders that it had received are unknown."""
    fault = {**CLERK_DIES, "before": before, "nth": nth}
    sale = sell(guard="clerk", faults=[fault], timeout="1s", control=False, **MANY)
    unknown = sale["operations"]["info"]
    # Where it had every order when it died, nothing definite was answered.
    assert sale["answers"] == ("valid" if sale["operations"]["ok"] else "unknown")
    assert sale["end"]["clerks"] == 2
    assert sale["processes"]["deaths"] == {"clerk": "died of SIGKILL"}
    assert 0 <= 60 - sale["remaining"] - sale["sold"] <= unknown <= 8
    assert sale["remaining"] == 0 or unknown == 8  # it had all orders


def test_a_clerk_that_answers_before_it_writes_sells_twice(sell: Sell) -> None:
    """So the test above can fail."""
    fault = {**CLERK_DIES, "before": "replace", "nth": 3}
    sale = sell(
        guard="tests.support.planted:HastyClerk",
        faults=[fault],
        timeout="1s",
        control=False,
        **MANY,
    )
    assert sale["verdict"] == "invalid"
    assert "double-sold" in {anomaly["name"] for anomaly in sale["anomalies"]}


def test_an_unplanned_death_of_a_clerk_leaves_the_verdict_unknown(sell: Sell) -> None:
    """A mistake in its own code ends it, and the reason names that."""
    fault = {"kind": "raise", "buyer": "clerk", "before": "read"}
    sale = sell(guard="clerk", faults=[fault], timeout="1s", control=False, **MANY)
    assert "PlannedFault" in sale["processes"]["deaths"]["clerk"]
    sale = sell(guard="tests.support.planted:NoClerk", buyers=2, timeout="1s", control=False)
    assert sale["verdict"] == "unknown"
    assert "clerk ended early" in sale["reason"]
    assert "a mistake" in sale["reason"]


def test_a_planned_death_excuses_no_other(sell: Sell) -> None:
    """The first clerk is killed as planned, and the next one fails by itself."""
    fault = {**CLERK_DIES, "before": "replace"}
    sale = sell(
        guard="tests.support.planted:SecondClerkFails",
        faults=[fault],
        timeout="1s",
        control=False,
        **MANY,
    )
    assert sale["verdict"] == "unknown"
    assert "a mistake" in sale["reason"]
