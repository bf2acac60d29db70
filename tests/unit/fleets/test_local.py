"""Arrivals of local buyers: one after another, or spread over time."""

from __future__ import annotations

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
