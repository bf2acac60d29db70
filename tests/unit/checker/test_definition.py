"""The definition that the cross-check rests on says what a person would say of small sales."""

from __future__ import annotations

import random

import pytest

from tests.support.borderline import borderline
from tests.support.brute_force import linearizable
from tests.support.definition import END, Recording, explained, replayed
from tests.support.histories import random_history


def recording(*rows, tickets=3, left=None, **said) -> Recording:
    """Write rows (process, f, begin, end, value, more) down; value "sold-out" is that error."""
    events = []
    for process, f, begin, end, value, *more in rows:
        about = more[0] if more else {}
        invoke = {"process": process, "type": "invoke", "f": f, "time": begin, **about}
        events.append(invoke)
        if end is not None:
            failed = value == "sold-out"
            answer = {"error": value} if failed else {"value": value}
            events.append({**invoke, "type": "fail" if failed else "ok", "time": end, **answer})
    events.sort(key=lambda event: event["time"])
    for index, event in enumerate(events, 1):
        event["index"] = index
    return Recording(events, {None: tickets}, {None: left}, **said)


MANY = {"quantity": 2}
ONCE = {"intent": "once"}
SEAT = {"numbers": "seat"}

TRUTHS = {
    "nothing happened": (recording(left=3), True),
    "nothing happened, and one is gone": (recording(left=2), False),
    "one sold": (recording((1, "buy", 0, 1, 3), left=2), True),
    "one ticket twice": (recording((1, "buy", 0, 9, 3), (2, "buy", 0, 9, 3)), False),
    "the count after": (recording((1, "buy", 0, 1, 2), left=2, numbers="after"), True),
    "no numbers": (recording((1, "buy", 0, 1, 77), left=2, numbers="none"), True),
    "two for one": (recording((1, "buy", 0, 1, None, MANY), tickets=1), False),
    "sold out for two": (recording((1, "buy", 0, 1, "sold-out", MANY), tickets=1), True),
    "sold out for one": (recording((1, "buy", 0, 1, "sold-out"), tickets=1), False),
    "a lost order explains": (recording((1, "buy", 0, None, None), left=2), True),
    "before it was ordered": (
        recording((2, "search", 0, 1, 2), (1, "buy", 2, None, None)), False,
    ),
    "touching, two buyers": (recording((1, "buy", 0, 1, 3), (2, "search", 1, 2, 3)), True),
    "touching, one buyer": (recording((1, "buy", 0, 1, 3), (1, "search", 1, 2, 3)), False),
    "given back": (recording((1, "buy", 0, 1, 3), (1, "refund", 2, 3, None), left=3), True),
    "given back, never sold": (recording((1, "refund", 2, 3, None)), False),
    "a lost sale given back": (
        recording((1, "buy", 0, None, None), (2, "refund", 2, 3, None), left=3), True,
    ),
    "a seat twice": (recording((1, "buy", 0, 1, "A"), (2, "buy", 2, 3, "A"), **SEAT), False),
    "a seat again": (
        recording((1, "buy", 0, 1, 7), (1, "refund", 2, 3, None, {"value": 7}),
                  (2, "buy", 4, 5, 7), left=2, **SEAT), True,
    ),
    "another seat given back": (
        recording((1, "buy", 0, 1, 7), (1, "refund", 2, 3, None, {"value": 8}),
                  (2, "buy", 4, 5, 7), **SEAT), False,
    ),
    "some seat given back": (
        recording((1, "buy", 0, 1, 7), (1, "refund", 2, 3, None), (2, "buy", 4, 5, 7), **SEAT),
        True,
    ),
    "an answer repeated": (
        recording((1, "buy", 0, 1, 3, ONCE), (1, "buy", 2, 3, 3, ONCE), left=2), True,
    ),
    "two answers to one intent": (
        recording((1, "buy", 0, 1, 3, ONCE), (1, "buy", 2, 3, 2, ONCE), left=1), False,
    ),
    "the lost attempt counted": (
        recording((1, "buy", 0, None, None, ONCE), (2, "search", 1, 2, 2),
                  (3, "buy", 3, 4, 3, ONCE)), True,
    ),
    "the lost attempt counted besides": (
        recording((1, "buy", 0, None, None, ONCE), (3, "buy", 3, 4, 2, ONCE)), False,
    ),
    "tickets sold are counted": (
        recording((1, "buy", 0, 1, 0), (2, "search", 2, 3, 1), left=1, counting="up"), True,
    ),
    "a log is missing": (recording((2, "search", 2, 3, 1), unlogged=True), True),
    "a log is missing, the count rose": (
        recording((2, "search", 0, 1, 1), (2, "search", 2, 3, 2), unlogged=True), False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUTHS)
def test_small_sales(name):
    sale, right = TRUTHS[name]
    assert explained(sale) == right


def test_inventories_are_judged_alone():
    rows = [(1, "buy", 0, 1, 1, {"key": "a"}), (2, "buy", 0, 1, 1, {"key": "b"})]
    sale = recording(*rows)
    sale.remaining = {}
    for tickets, right in (({"a": 1, "b": 1}, True), ({"a": 1, "b": 2}, False)):
        sale.tickets = tickets
        assert explained(sale) == right


def test_weakened_operations_prove_nothing():
    sale = recording((1, "buy", 0, 1, 3), (2, "buy", 2, 3, 3), (3, "search", 4, 5, 1), left=3)
    assert not explained(sale, keep={1, 3})
    assert not explained(sale, keep={5, END})
    assert explained(sale, keep={1})
    assert explained(sale, keep=set())


def test_it_agrees_with_an_older_brute_force():
    """That one knows no process, no seats, no intents; here none of them occurs."""
    rng = random.Random(3)
    answers = {True: 0, False: 0}
    for _ in range(2_000):
        history = random_history(rng, (1, 2))
        sale = Recording([], {None: history.tickets}, {None: history.remaining})
        sale.events = [
            {"index": e.index, "process": e.process, "type": e.type, "f": e.f, "time": e.time,
             "quantity": e.quantity, "value": e.value, "error": e.error}
            for e in history.events
        ]  # fmt: skip
        answer = explained(sale)
        assert answer == linearizable(history), history
        answers[answer] += 1
    assert min(answers.values()) > 300, answers


def test_recordings_are_near_the_border():
    """Every class occurs often, and right ones as well as wrong ones."""
    rng = random.Random(5)
    counts: dict[str, list[int]] = {}
    for _ in range(2_000):
        sale = borderline(rng)
        right = explained(sale)
        assert len(sale.events) <= 16
        text = str(sale.events)
        classes = {
            "refunds": "'refund'" in text, "intents": "'intent'" in text,
            "seats": sale.numbers == "seat", "text seats": "'A1'" in text,
            "after": sale.numbers == "after", "none": sale.numbers == "none",
            "several inventories": len(sale.tickets) > 1, "counting up": sale.counting == "up",
            "several quantities": "'quantity': 3" in text, "sold-outs": "'sold-out'" in text,
            "lost": "'info'" in text, "a log is missing": sale.unlogged,
        }  # fmt: skip
        for name in (name for name, occurs in classes.items() if occurs):
            counts.setdefault(name, [0, 0])[right] += 1
    few = {name: both for name, both in counts.items() if min(both) < 10}
    assert len(counts) == 12
    assert not few


def test_replaying_notices_a_wrong_order():
    sale = recording((1, "buy", 0, 1, 3), (2, "buy", 2, 3, 2), (3, "search", 4, 5, 1), left=1)
    assert replayed(sale, [1, 3, 5]) is None
    for wrong in ([3, 1, 5], [1, 3], [1, 5, 3], [1, 3, 5, 5], [1, 3, 5, 8]):
        assert replayed(sale, wrong) is not None
    sale.remaining[None] = 0
    assert replayed(sale, [1, 3, 5]) is not None
