"""Columns of a history: their numbers, their indexes, and what they may leave out."""

from __future__ import annotations

import msgspec

from booking.checker import Columns, Naming, check, decide
from booking.core.verdict import Outcome
from booking.history.model import Event, History
from tests.support.histories import history_of
from tests.support.planted_histories import buy, search


def test_a_history_that_contradicts_itself_is_unknown():
    assert check(History(1, 0, [Event(0, 1, "ok", "buy", 1, 5)])).outcome is Outcome.UNKNOWN


def test_without_the_number_of_tickets_it_is_unknown():
    assert check(History(None, 0, [])).outcome is Outcome.UNKNOWN


def test_tickets_without_number_make_no_room_for_memory():
    """A hall of 10¹⁵ tickets is judged by its sales, not by its seats."""
    huge = 10**15
    ops = [buy(1, 0, 1, huge), search(2, 2, 3, huge - 1), search(2, 4, 5, 0)]
    assert check(history_of(ops[:2], huge, huge - 1)).outcome is Outcome.VALID
    assert check(history_of(ops, huge)).outcome is Outcome.INVALID


def test_numbers_can_be_the_count_after():
    ops = [buy(1, 0, 1, 2), buy(2, 2, 3, 1)]
    for numbers, outcome in (("after", Outcome.VALID), ("before", Outcome.INVALID)):
        columns = Columns(Naming(numbers=numbers), tickets=3, remaining=1)
        columns.feed(history_of(ops, 3).events)
        columns.close()
        assert decide(columns).verdict.outcome is outcome


def test_events_need_no_numbers_of_their_own():
    """The recorder leaves every index 0: `dump` numbers them, and so does the check."""
    history = history_of([buy(who, 0, 1) for who in range(5)], 3)
    history.events = [msgspec.structs.replace(event, index=0) for event in history.events]
    (anomaly,) = check(history).anomalies
    assert anomaly.name == "oversell"
    assert len({event.index for event in anomaly.evidence}) == 8
