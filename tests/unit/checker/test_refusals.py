"""Orders that failed: an undersell needs an answer of sold out, starvation a turn of another."""

from __future__ import annotations

import pytest

from booking.checker import check
from booking.core.verdict import Outcome
from tests.support.histories import history_of
from tests.support.planted_histories import buy, dies, fails

OVERTAKEN = [buy(1, 10, 20), buy(1, 30, 40)]


def names(ops, tickets, remaining=None):
    return [one.name.value for one in check(history_of(ops, tickets, remaining)).anomalies]


@pytest.mark.parametrize("error", ["lock-timeout", "busy", "unavailable", "card-declined", None])
def test_a_failure_that_says_nothing_about_tickets_is_no_undersell(error):
    verdict = check(history_of([buy(1, 0, 1), fails(2, 2, 3, error)], 3, 2))
    assert verdict.outcome is Outcome.VALID, verdict


def test_the_buyer_that_was_refused_first_is_named():
    ops = [fails(2, 0, 9), fails(3, 1, 4), buy(1, 10, 11)]
    (undersell,) = [
        one for one in check(history_of(ops, 3, 2)).anomalies if one.name.value == "undersell"
    ]
    assert "buyer 3 came for 1" in undersell.message


@pytest.mark.parametrize("error", ["lock-timeout", "timed out", "busy", "conflict", "queue-full"])
def test_a_buyer_that_waited_while_another_was_served_twice_starved(error):
    assert names([*OVERTAKEN, fails(2, 0, 90, error)], 3) == ["starvation"]


@pytest.mark.parametrize("error", ["card-declined", "unavailable", None])
def test_a_failure_that_is_no_wait_is_no_starvation(error):
    assert names([*OVERTAKEN, fails(2, 0, 90, error)], 3) == []


def test_a_buyer_whose_later_order_may_have_been_served_did_not_starve():
    assert names([*OVERTAKEN, fails(2, 0, 90, "lock-timeout"), dies(2, 95)], 3) == []


def test_a_buyer_did_not_starve_where_too_few_tickets_may_have_been_left():
    """It wanted two, and the others took one each."""
    wanted = fails(2, 0, 90, "lock-timeout", quantity=2)
    assert names([*OVERTAKEN, wanted], 3) == []
    twice = [buy(1, 10, 20, quantity=2), buy(1, 30, 40, quantity=2)]
    assert names([*twice, wanted], 5) == ["starvation"]


def test_a_turn_that_ended_after_the_wait_proves_nothing():
    assert names([*OVERTAKEN, fails(2, 0, 40, "lock-timeout")], 3) == []
