"""Build histories: random ones, and ones that are valid by construction."""

from __future__ import annotations

import random

from booking.history.model import Event, History, SaleEnd


def history_of(ops, tickets, remaining=None, steps=(), sale=None, end=None) -> History:
    """Build a history from rows (process, f, begin, end, type, value, quantity, error).

    Events come in the order of time; where times are equal, invocations first.
    """
    events = []
    for process, f, begin, done, kind, value, quantity, error in ops:
        events.append((begin, 0, Event(0, process, "invoke", f, None, begin, quantity=quantity)))
        if done is not None:
            events.append((done, 1, Event(0, process, kind, f, value, done, error, quantity)))
    events += [(step.time, 2, step) for step in steps]
    events.sort(key=lambda row: row[:2])
    numbered = [
        Event(at, e.process, e.type, e.f, e.value, e.time, e.error, e.quantity, e.resource, e.saw)
        for at, (_, _, e) in enumerate(events)
    ]
    return History(tickets, remaining, numbered, sale or {}, end or SaleEnd())


def random_history(rng: random.Random, quantities=(1,), refunds=False) -> History:
    """Make a small history of which nothing is known: mostly nearly right, often wrong."""
    tickets = rng.choice([0, 1, 1, 2, 2, 3, 3, 5])
    span = rng.choice([2, 4, 8, 16])
    offset = rng.choice([0, 0, -8, -(2**63), 2**62])
    ops = []
    left = tickets
    for process in range(rng.randint(0, 8)):
        begin = offset + rng.randint(0, span)
        end = begin + rng.choice([0, 1, rng.randint(0, span)])
        quantity = rng.choice(quantities)
        draw = rng.random()
        if refunds and draw < 0.2:
            kind, value, error, f = rng.choice(["ok", "ok", "info"]), None, None, "refund"
            left += quantity
        elif draw < 0.5:
            kind = rng.choice(["ok", "ok", "ok", "info"])
            value = left + rng.choice([0, 0, 0, 1, -1]) if rng.random() < 0.4 else None
            error, f = None, "buy"
            left -= quantity
        elif draw < 0.6:
            kind, value, error, f = "fail", None, rng.choice(["sold-out"] * 3 + ["odd"]), "buy"
        else:
            kind, value, error, f = "ok", left + rng.choice([0, 0, 0, 1, -1]), None, "search"
        if kind == "info":
            value, end = None, rng.choice([None, end])
        ops.append((process, f, begin, end, kind, value, quantity, error))
    remaining = rng.choice([None, max(left, 0), max(left, 0), rng.randint(0, tickets)])
    return history_of(ops, tickets, remaining)


def valid_operations(rng, tickets: int, buyers: int, operations: int, quantity=1, unknown=0.1):
    """Make a history that is valid by construction: each effect at one moment of its operation."""
    ops = []
    left = tickets
    free = [0] * buyers
    now = 0
    for _ in range(operations):
        process = rng.randrange(buyers)
        now = max(now + rng.choice([0, 0, 1, 2]), free[process])
        begin = rng.randint(free[process], now)
        end = now + rng.choice([0, 0, 1, 5, 20])
        free[process] = end + 1
        if rng.random() < 0.4:
            ops.append((process, "search", begin, end, "ok", left, 1, None))
        elif left >= quantity:
            kind = "ok" if rng.random() >= unknown else "info"
            value = left if rng.random() < 0.5 and kind == "ok" else None
            ops.append((process, "buy", begin, end, kind, value, quantity, None))
            left -= quantity
        else:
            ops.append((process, "buy", begin, end, "fail", None, quantity, "sold-out"))
    return ops, left
