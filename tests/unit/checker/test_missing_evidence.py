"""What rests on absence convicts no one where a log is missing, or a server did not answer."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from booking.checker import check
from booking.core.verdict import Outcome
from booking.history.model import History, SaleEnd
from tests.support.histories import history_of
from tests.support.planted_histories import buy, planted, search

PLANTED = planted()
BY_ABSENCE = ["lost-ticket", "starvation", "hang", "stale-lock"]
BY_EVENTS = ["oversell", "double-sold", "negative-stock", "stale-read", "fenced-out-write"]


def with_end(history: History, **changes: object) -> History:
    return replace(history, end=msgspec.structs.replace(history.end, **changes))


@pytest.mark.parametrize("name", BY_ABSENCE)
def test_what_a_missing_log_may_explain_is_unknown(name: str) -> None:
    """Orders, turns and releases that are not in the history may stand in that log."""
    history, expected = PLANTED[name]
    assert expected
    verdict = check(with_end(history, unlogged=[9]))
    assert (verdict.outcome, verdict.anomalies) == (Outcome.UNKNOWN, ())
    assert verdict.reason.startswith("the event log of buyer 9 is missing or cut short")


@pytest.mark.parametrize("name", BY_EVENTS)
def test_what_no_missing_log_can_explain_stays_invalid(name: str) -> None:
    """More orders only make it worse."""
    history, expected = PLANTED[name]
    verdict = check(with_end(history, unlogged=[9]))
    assert verdict.outcome is Outcome.INVALID
    assert name in {one.name for one in verdict.anomalies} <= expected


@pytest.mark.parametrize("name", ["hang", "stale-lock"])
def test_behind_a_silent_server_no_buyer_is_stuck(name: str) -> None:
    """The server kept them waiting, and it is named."""
    verdict = check(with_end(PLANTED[name][0], unanswered=["postgres"]))
    assert (verdict.outcome, verdict.anomalies) == (Outcome.UNKNOWN, ())
    assert verdict.reason.startswith("postgres did not answer")


def test_orders_of_a_missing_log_need_no_memory_each() -> None:
    """A count that fell by 10¹⁵ is not taken apart, and a rise is seen all the same."""
    fell = history_of([buy(0, 0, 1), search(1, 2, 3, 5)], 10**15, 5, end=SaleEnd(unlogged=[9]))
    assert check(fell).outcome is Outcome.UNKNOWN
    ops = [buy(0, 0, 1), search(1, 2, 3, 5), search(1, 4, 5, 6)]
    rose = history_of(ops, 10**15, 5, end=SaleEnd(unlogged=[9]))
    assert check(rose).outcome is Outcome.INVALID


def test_orders_of_a_missing_log_may_be_of_any_quantity() -> None:
    """All orders that are there are of two tickets, and the count fell by three."""
    ops = [buy(0, 0, 1, quantity=2), search(1, 2, 3, 3)]
    history = history_of(ops, 6, 3, end=SaleEnd(unlogged=[9]))
    assert check(history).outcome is Outcome.UNKNOWN
    assert check(with_end(history, unlogged=[])).outcome is Outcome.INVALID
