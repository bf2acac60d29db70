"""Make random operations on a counter with refunds, and decide them by trying every order."""

from __future__ import annotations

import random
from itertools import count
from math import inf

from booking.checker.operations import Op

CHANGES = ("buy", "buy", "buy", "refund", "refund", "maybe", "maybe-refund")


def random_counts(rng: random.Random, *, observed: bool, quantities=(1,)) -> tuple[list[Op], int]:
    """Make up to seven operations near the border of right and wrong."""
    tickets, span = rng.choice([0, 1, 1, 2, 3]), rng.choice([3, 6, 12])
    ops = []
    for at in range(rng.randint(1, 7)):
        what = rng.choice((*CHANGES, "search", "search", "sold-out") if observed else CHANGES)
        begin = rng.randint(0, span)
        end = begin + rng.choice([0, 1, rng.randint(0, span)])
        quantity, low, high = rng.choice(quantities), None, None
        if what == "sold-out":
            low, high = 0, rng.choice(quantities) - 1
        elif what == "search" or (what == "buy" and observed and rng.random() < 0.4):
            low = high = rng.randint(0, tickets)
        if what in {"search", "sold-out"}:
            quantity = 0
        returned = inf if what.startswith("maybe") else end
        ops.append(Op(what, at, 2 * at, 2 * at + 1, begin, returned, quantity, low, high))
    return ops, tickets


def has_order(ops: list[Op], tickets: int) -> bool:
    """Try every order of every choice of the operations of unknown outcome."""

    def explore(left: list[Op], now: int) -> bool:
        if all(x.what.startswith("maybe") for x in left):
            return True
        for x in left:
            others = [y for y in left if y is not x]
            after = now + x.quantity if x.gives_back else now - x.quantity
            seen = x.low is None or x.low <= now <= x.high
            late = any(y.returned < x.invoked for y in others)
            if seen and 0 <= after <= tickets and not late and explore(others, after):
                return True
        return False

    return explore(ops, tickets)


def follows(ops: list[Op], order: list[Op], tickets: int) -> bool:
    """Return whether an order serves every certain operation, in time and within the bounds."""
    now, left = -inf, tickets
    for x in order:
        now = max(now, x.invoked)
        left += x.quantity if x.gives_back else -x.quantity
        if x.returned < now or not 0 <= left <= tickets:
            return False
    served = {x.index for x in order}
    return all(x.index in served or x.what.startswith("maybe") for x in ops)


def long_sale(rng: random.Random, operations: int, tickets: int = 50) -> list[Op]:
    """Make a long sale with refunds and searches that is right by construction."""
    ops, left, now = [], tickets, 0
    free = [0] * 20
    number = count()
    for _ in range(operations):
        process = rng.randrange(len(free))
        now = max(now + rng.choice([0, 1, 2]), free[process])
        begin, end = rng.randint(free[process], now), now + rng.choice([0, 1, 5, 20])
        free[process] = end + 1
        draw, at = rng.random(), 2 * next(number)
        what = "search" if draw < 0.3 else "refund" if left == 0 or draw < 0.64 else "buy"
        if what == "refund" and left == tickets:
            what = "buy"
        seen = left if what == "search" or (what == "buy" and draw > 0.8) else None
        size = 0 if what == "search" else 1
        ops.append(Op(what, process, at, at + 1, begin, end, size, seen, seen))
        left += {"search": 0, "buy": -1, "refund": 1}[what]
    return ops
