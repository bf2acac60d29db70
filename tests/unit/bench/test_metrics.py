"""Figures of small sales whose values are known by hand; nothing depends on the clock."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.bench.metrics import Figures, figures, jain, overlapping, percentile
from booking.history.model import Event, History

MS = 1_000_000


def history(*orders: tuple[int, int, int, str], remaining: int = 97, tickets: int = 100) -> History:
    """Make a history of (buyer, begin in ms, end in ms, outcome)."""
    events = []
    for buyer, begin, end, outcome in orders:
        events.append(Event(0, buyer, "invoke", "buy", time=begin * MS))
        events.append(Event(0, buyer, outcome, "buy", time=end * MS))
    events.sort(key=lambda event: (event.time, event.type == "invoke"))
    return History(tickets, remaining, events)


def test_figures_of_a_small_sale() -> None:
    """Three sold in 40 ms by two of three buyers; the third was turned away, and waited longest."""
    found = figures(
        history((0, 0, 10, "ok"), (1, 0, 20, "ok"), (0, 10, 40, "ok"), (2, 0, 35, "fail")),
        buyers=3, cpu_ns=600_000,
    )  # fmt: skip
    assert found == Figures(
        sales_per_s=75.0, wait_p50_ms=20.0, wait_p99_ms=35.0, wait_max_ms=35.0, makespan_ms=40.0,
        jain=9 / 15, most_to_least=inf, buyers_without_a_sale=1, cpu_us_per_sale=200.0,
        lost_sales=1, failed=1, retried=0, contended_share=1.0,
    )  # fmt: skip


def test_what_starting_takes_is_left_out() -> None:
    """The first quarter is not counted where every buyer has orders after it."""
    slow = [(0, 0, 30, "ok"), (1, 0, 30, "ok")]
    fast = [(buyer, at, at + 1, "ok") for at in range(30, 100) for buyer in (0, 1)]
    found = figures(history(*slow, *fast, remaining=-42), 2, 0)
    assert found.wait_max_ms == 1.0
    assert found.sales_per_s == pytest.approx(2000)
    assert found.lost_sales == 0
    assert figures(history(*slow, *fast[::2], remaining=28), 2, 0).wait_max_ms == 30.0


@pytest.mark.parametrize(
    "orders, remaining, lost",
    [
        ([(0, 0, 1, "ok"), (1, 0, 1, "ok")], 98, 0),
        ([(0, 0, 1, "ok"), (1, 0, 1, "ok")], 99, 1),  # told twice, counted once
        ([(0, 0, 1, "ok"), (1, 0, 1, "fail")], 99, 1),  # turned away, though there were tickets
        ([(0, 0, 1, "ok"), (1, 0, 1, "info")], 98, 0),  # no buyer knows, but the count fell
    ],
)
def test_lost_sales(orders: list[tuple[int, int, int, str]], remaining: int, lost: int) -> None:
    """Whatever could have been sold and did not make the count fall."""
    assert figures(history(*orders, remaining=remaining), 2, 0).lost_sales == lost


def test_nothing_is_lost_when_all_is_sold() -> None:
    """The buyer that comes to an empty shop loses no buyer a sale."""
    sale = history((0, 0, 1, "ok"), (1, 0, 1, "fail"), remaining=0, tickets=1)
    assert figures(sale, 2, 0).lost_sales == 0


def test_looking_again_is_a_retry() -> None:
    """An order needs one look at the inventory; the clerk's own looks are not counted."""
    sale = history((0, 0, 10, "ok"))
    sale.events[1:1] = [Event(0, who, "step", "read", time=MS) for who in (0, 0, 0, "clerk")]
    assert figures(sale, 1, 0).retried == 2


def test_an_empty_sale_has_figures() -> None:
    """Of nothing."""
    assert figures(History(3, 3), 2, 0).sales_per_s == 0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values(values: list[int], share: float) -> None:
    """At least that share of all is not above it, and it is the smallest such value."""
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50))
def test_jains_index_lies_between_one_nth_and_one(shares: list[int]) -> None:
    """All the same: 1. One has everything: 1/n."""
    assert 1 / len(shares) - 1e-9 <= jain(shares) <= 1 + 1e-9
    assert jain([7] * len(shares)) == pytest.approx(1)
    assert jain([5] + [0] * (len(shares) - 1)) == pytest.approx(1 / len(shares))


def test_orders_that_meet_are_counted_and_others_not() -> None:
    """An order that begins when another ends met no buyer."""
    apart = history((0, 0, 10, "ok"), (1, 10, 20, "ok"), (0, 30, 40, "ok"))
    assert overlapping(apart.operations()) == 0
    one_meets = history((0, 0, 10, "ok"), (1, 9, 20, "ok"), (0, 30, 40, "ok"))
    assert overlapping(one_meets.operations()) == pytest.approx(2 / 3)
