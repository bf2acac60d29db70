"""Named seats: each is held by one buyer at a time, and may be sold again once it came back."""

from __future__ import annotations

import random
from itertools import product

import pytest

from booking.checker import Columns, Naming, decide
from booking.checker.certificate import verify
from booking.checker.counter.reduction import ALL_CONSTRAINTS
from booking.checker.operations import all_operations
from booking.checker.returns.seat_order import search_seats
from booking.checker.returns.seat_replay import fits_seats
from booking.core.verdict import Outcome
from booking.history.model import Event
from tests.support.definition import Recording, explained, replayed

A = "A-1"


def events_of(rows):
    """Write rows (process, f, begin, end, seat); `end` None never completed. Refunds ask for it."""
    events = []
    for process, f, begin, end, value in rows:
        invoke = {"process": process, "type": "invoke", "f": f, "time": begin}
        if f == "refund" and value is not None:
            invoke["value"] = value
        events.append(((begin, 0), invoke))
        if end is not None:
            answer = None if f == "refund" else value
            events.append(((end, 1), {**invoke, "type": "ok", "time": end, "value": answer}))
    events.sort(key=lambda row: row[0])
    return [{**event, "index": at} for at, (_, event) in enumerate(events, 1)]


def decision_of(events, tickets=9, left=None):
    columns = Columns(Naming(numbers="seat"), tickets, left)
    columns.feed([Event(**event) for event in events])
    columns.close()
    return decide(columns, want_order=True), columns


# rows, and who is named; None: the sale is right
SALES = {
    "sold once": ([(1, "buy", 0, 1, A)], None),
    "sold twice": ([(1, "buy", 0, 1, A), (2, "buy", 2, 3, A)], [1, 2]),
    "a number sold twice": ([(1, "buy", 0, 1, 7), (2, "buy", 0, 3, 7)], [1, 2]),
    "given back and sold again": (
        [(1, "buy", 0, 1, A), (1, "refund", 2, 3, A), (2, "buy", 4, 5, A)], None,
    ),
    "given back by another process": (
        [(1, "buy", 0, 1, A), (7, "refund", 2, 3, A), (2, "buy", 4, 5, A)], None,
    ),
    "given back while it is sold again": (
        [(1, "buy", 0, 1, A), (1, "refund", 2, 9, A), (2, "buy", 4, 5, A)], None,
    ),
    "given back too late": (
        [(1, "buy", 0, 1, A), (1, "refund", 6, 9, A), (2, "buy", 4, 5, A)], [1, 2],
    ),
    "perhaps given back": (
        [(1, "buy", 0, 1, A), (1, "refund", 2, None, A), (2, "buy", 4, 5, A)], None,
    ),
    "another seat given back": (
        [(1, "buy", 0, 1, A), (3, "buy", 0, 1, "B"), (3, "refund", 2, 3, "B"),
         (2, "buy", 4, 5, A)], [1, 2],
    ),
    "some seat given back": (
        [(1, "buy", 0, 1, A), (1, "refund", 2, 3, None), (2, "buy", 4, 5, A)], None,
    ),
    "one given back, two sold again": (
        [(1, "buy", 0, 1, A), (2, "buy", 0, 1, "B"), (1, "refund", 2, 3, None),
         (3, "buy", 4, 5, A), (4, "buy", 4, 5, "B")], [],
    ),
    "sold a third time while the second holds it": (
        [(1, "buy", 0, 1, A), (1, "refund", 2, 3, A), (2, "buy", 4, 5, A), (3, "buy", 6, 7, A)],
        [2, 3],
    ),
    "given back, never sold": ([(3, "buy", 0, 1, "B"), (1, "refund", 2, 3, A)], [1]),
    "given back twice": (
        [(1, "buy", 0, 1, A), (1, "refund", 2, 3, A), (2, "refund", 4, 5, A)], [1, 2],
    ),
    "given back, sold to a buyer that died": (
        [(1, "buy", 0, None, None), (2, "refund", 2, 3, A)], None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SALES)
def test_who_holds_a_seat(name):
    rows, holders = SALES[name]
    events = events_of(rows)
    decision, columns = decision_of(events)
    if holders is None:
        assert decision.verdict.outcome is Outcome.VALID, decision.verdict
        return
    assert decision.verdict.outcome is Outcome.INVALID, decision.verdict
    proof = decision.certificates[0]
    (inventory,) = columns.inventories.values()
    ops = list(all_operations(inventory, "seat", ALL_CONSTRAINTS))
    assert verify(proof, 9, 1, ops)
    for anomaly in decision.verdict.anomalies:
        told = sorted({event.process for event in anomaly.evidence})
        assert holders in ([], told), anomaly


def test_the_message_names_the_seat_and_its_holders():
    rows, _ = SALES["sold a third time while the second holds it"]
    verdict = decision_of(events_of(rows))[0].verdict
    assert verdict.reason == "ticket A-1 was sold to buyer 2 and buyer 3"
    assert [one.name.value for one in verdict.anomalies] == ["double-sold"]


def test_a_seat_that_came_back_unsold_is_told_so():
    rows, _ = SALES["given back, never sold"]
    verdict = decision_of(events_of(rows))[0].verdict
    assert verdict.reason == "1 ticket came back from buyer 1: ticket A-1 was not sold so often"


def random_rows(rng):
    tickets, span = rng.choice([1, 2, 3]), rng.choice([3, 8])
    seats = [f"S{n}" for n in range(tickets)]
    rows = []
    for process in range(rng.randint(2, 7)):
        begin = rng.randint(0, span)
        end = begin + rng.choice([0, 1, rng.randint(0, span)])
        draw = rng.random()
        f = "buy" if draw < 0.5 else "refund" if draw < 0.85 else "search"
        value = rng.choice([*seats, seats[0], None]) if f != "search" else rng.randint(0, tickets)
        lost = rng.random() < 0.15 and f != "search"
        rows.append((process, f, begin, None if lost else end, value))
    return rows, tickets


def can_be(rows, tickets):
    """Try every seat for what names none, and that what was lost did not happen."""
    seats = sorted({row[4] for row in rows if row[1] != "search" and row[4]})
    fresh = [f"fresh {row[0]}" for row in rows if row[1] == "buy" and row[4] is None]
    choices = []
    for process, f, begin, end, value in rows:
        named = [value]
        if f == "buy" and (value is None or end is None):
            named = [*seats, f"fresh {process}"]
        elif f == "refund" and value is None:
            named = [*seats, *fresh]
        happened = [(process, f, begin, 10**6 if end is None else end, one) for one in named]
        choices.append([*happened, *([None] if end is None else [])])
    for chosen in product(*choices):
        events = events_of([row for row in chosen if row is not None])
        if explained(Recording(events, {None: tickets}, {None: None}, numbers="seat")):
            return True
    return False


@pytest.mark.sweep(usual=lambda seed: seed < 1)
@pytest.mark.parametrize("seed", range(8))
def test_small_sales_agree_with_every_choice_of_seats(seed):
    rng = random.Random(seed)
    answers = {True: 0, False: 0}
    undecided = 0
    while sum(answers.values()) < 300:
        rows, tickets = random_rows(rng)
        if sum(row[3] is None or row[4] is None for row in rows) > 3:
            continue
        events = events_of(rows)
        decision, columns = decision_of(events, tickets)
        expected = can_be(rows, tickets)
        answers[expected] += 1
        if decision.verdict.outcome is Outcome.UNKNOWN:
            undecided += 1
            continue
        assert (not decision.verdict.anomalies) == expected, (rows, tickets, decision.verdict)
        for inventory in columns.inventories.values():
            ops = list(all_operations(inventory, "seat", ALL_CONSTRAINTS))
            assert all(verify(proof, tickets, 1, ops) for proof in decision.certificates)
        if expected:
            recording = Recording(events, {None: tickets}, {None: None}, numbers="seat")
            assert replayed(recording, decision.order) is None, (rows, tickets, decision.order)
    assert min(answers.values()) > 60, answers
    assert undecided < 9, undecided


def test_an_order_that_sells_a_seat_twice_does_not_fit():
    rows, _ = SALES["given back and sold again"]
    _, columns = decision_of(events_of(rows))
    (inventory,) = columns.inventories.values()
    first, second, back = all_operations(inventory, "seat", ALL_CONSTRAINTS)
    assert fits_seats([first, back, second])
    assert not fits_seats([first, second, back])
    assert not fits_seats([back, first, second])
    assert search_seats([first, back, second], 9, 100, 9) == [first, back, second]
    assert search_seats([first, second], 9, 100, 9) is None
