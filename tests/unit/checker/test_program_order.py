"""Operations of one process keep their order where their times touch; those of two need not."""

from __future__ import annotations

import random

import pytest

from booking.checker import Columns, decide
from booking.checker.counter.linearization import replay
from booking.core.verdict import Outcome
from booking.history.model import Event, History
from tests.unit.checker.test_search import random_operations, some_order


def history_of_operations(ops, tickets: int) -> History:
    """Write the operations as events, in the order of time and of each process's program."""
    events = []
    remaining = None
    for x in ops:
        if x.what == "end":
            remaining = x.low
            continue
        f = {"search": "search", "refund": "refund", "maybe-refund": "refund"}.get(x.what, "buy")
        quantity = (x.high or 0) + 1 if x.what == "sold-out" else x.quantity or 1
        events.append(Event(x.index, x.process, "invoke", f, None, x.invoked, None, quantity))
        if x.done is None:
            events.append(Event(x.index + 1, x.process, "info", f, None, x.invoked))
            continue
        kind, error = ("fail", "sold-out") if x.what == "sold-out" else ("ok", None)
        value = None if error else x.low
        events.append(Event(x.done, x.process, kind, f, value, x.returned, error, quantity))
    return History(tickets, remaining, events)


def columns_of(history: History) -> Columns:
    columns = Columns(tickets=history.tickets, remaining=history.remaining)
    columns.feed(history.events)
    columns.close()
    return columns


def event(index, process, kind, f, time, value=None):
    return Event(index, process, kind, f, value, time)


OWN_ORDER_UNSEEN = [
    event(0, 1, "invoke", "buy", 0), event(1, 1, "ok", "buy", 5),
    event(2, 1, "invoke", "search", 5), event(3, 1, "ok", "search", 6, 3),
]  # fmt: skip


def test_a_buyer_must_see_its_own_order_though_both_touch():
    columns = columns_of(History(3, 2, OWN_ORDER_UNSEEN))
    assert decide(columns).verdict.outcome is Outcome.INVALID


def test_another_buyer_need_not_see_it():
    events = [e if e.time < 5 or e.f == "buy" else event(e.index, 2, e.type, e.f, e.time, e.value)
              for e in OWN_ORDER_UNSEEN]  # fmt: skip
    decision = decide(columns_of(History(3, 2, events)), want_order=True)
    assert decision.verdict.outcome is Outcome.VALID
    assert decision.order == [2, 0]


def test_what_a_matching_puts_the_wrong_way_round_is_put_right():
    """Two orders of one buyer that touch, numbered by no one: each order of the two is as good."""
    events = [
        event(0, 1, "invoke", "buy", 0), event(1, 1, "ok", "buy", 5),
        event(2, 1, "invoke", "search", 5), event(3, 1, "ok", "search", 5, 2),
        event(4, 1, "invoke", "buy", 5), event(5, 1, "ok", "buy", 5),
        event(6, 2, "invoke", "search", 5), event(7, 2, "ok", "search", 9, 1),
    ]  # fmt: skip
    columns = columns_of(History(3, 1, events))
    decision = decide(columns, want_order=True)
    assert decision.verdict.outcome is Outcome.VALID
    assert decision.order == [0, 2, 4, 6]


def test_orders_across_two_buyers_that_intervals_cannot_express():
    """Each buyer orders and searches at one moment, and each sees the other's order only."""
    events = [
        event(0, 1, "invoke", "buy", 0), event(1, 2, "invoke", "buy", 0),
        event(2, 1, "ok", "buy", 5), event(3, 1, "invoke", "search", 5),
        event(4, 2, "ok", "buy", 5), event(5, 2, "invoke", "search", 5),
        event(6, 1, "ok", "search", 5, 2), event(7, 2, "ok", "search", 5, 1),
    ]  # fmt: skip
    decision = decide(columns_of(History(3, 1, events)), want_order=True)
    assert decision.verdict.outcome is Outcome.VALID
    assert decision.order == [0, 3, 1, 5]
    events[-1] = event(7, 2, "ok", "search", 5, 2)
    assert decide(columns_of(History(3, 1, events))).verdict.outcome is Outcome.INVALID


@pytest.mark.sweep(usual=lambda seed: seed < 4)
@pytest.mark.parametrize("seed", range(24))
def test_verdicts_agree_with_every_order_that_keeps_programs(seed):
    rng = random.Random(500 + seed)
    answers = {True: 0, False: 0}
    loose = 0
    for _ in range(500):
        quantities = (1,) if seed % 2 else (1, 2, 3)
        ops, tickets, _ = random_operations(rng, False, quantities)
        expected = some_order(ops, tickets, None)
        columns = columns_of(history_of_operations(ops, tickets))
        decision = decide(columns, want_order=True)
        (inventory,) = columns.inventories.values()
        found = decision.order is not None
        assert found == expected, (ops, tickets, decision)
        if found:
            assert replay(inventory, tickets, "before", decision.order) is None, (ops, decision)
        answers[expected] += 1
        loose += inventory.touches
    assert min(answers.values()) > 50, answers
    assert loose > 100
