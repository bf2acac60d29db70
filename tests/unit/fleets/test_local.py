"""Arrivals of local buyers: one after another, or spread over time."""

from __future__ import annotations

import pytest

from tests.conftest import Sell


def test_serial_buyers_never_overlap(sell: Sell) -> None:
    """Each ends before the next one starts."""
    sale = sell(arrival="serial", buyers=4, delay="1ms", control=False)
    order = [event["process"] for event in sale["events"]]
    assert order == sorted(order)


def test_poisson_arrivals_follow_from_the_seed(sell: Sell) -> None:
    """Buyers arrive one by one in the order of their numbers, spread over time."""
    sale = sell(arrival="poisson:100", buyers=6, seed=7, delay="0ms", lock="flock", control=False)
    searches = [event for event in sale["events"] if event["f"] == "search"]
    first = {event["process"]: event["time"] for event in reversed(searches)}
    assert len(first) == 6
    assert max(first.values()) - min(first.values()) > 0


@pytest.mark.sweep(usual=lambda guard: guard == "StepsForTwo")
@pytest.mark.parametrize("guard", ["StepsForTwo", "SlowStepsForTwo"])
def test_a_buyer_that_spins_through_steps_is_ended(sell: Sell, guard: str) -> None:
    """It is never quiet, and ends no order: the others go on, and the sale ends."""
    sale = sell(
        guard=f"tests.support.endless:{guard}", lock="flock", buyers=4, tickets=4, delay="0ms",
        search=False, timeout="500ms", control=False, seed=1,
    )  # fmt: skip
    assert sale["verdict"] == "invalid"
    assert [anomaly["name"] for anomaly in sale["anomalies"]] == ["hang"]
    assert sale["processes"]["hung"] == 1
    assert sale["operations"] == {"ok": 3, "fail": 0, "info": 1}
