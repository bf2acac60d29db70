"""The search and a checker that tries every order agree, program order and a full hall included."""

from __future__ import annotations

import random

import pytest

from booking.checker.operations import Op
from booking.checker.wgl import search

INF = float("inf")


def right_order(order: list[Op], ops: list[Op], tickets: int, most: int | None) -> bool:
    """Serve the operations in that order with a plain counter."""
    if len({x.index for x in order}) < len(order):
        return False
    if any(x not in order and not x.what.startswith("maybe") for x in ops):
        return False
    return serve(order, tickets, most) is not None and all(
        not comes_first(later, earlier)
        for at, earlier in enumerate(order)
        for later in order[at + 1 :]
    )


def serve(order: list[Op], count: int, most: int | None) -> int | None:
    for x in order:
        if x.low is not None and not x.low <= count <= x.high:
            return None
        count += x.quantity if x.gives_back else -x.quantity
        if count < 0 or (most is not None and count > most):
            return None
    return count


def comes_first(x: Op, y: Op) -> bool:
    """Return whether x is before y in real time, or in the order of their process."""
    if x.process == y.process and x.index < y.index:
        return x.returned <= y.invoked
    return x.returned < y.invoked


def some_order(ops: list[Op], tickets: int, most: int | None) -> bool:
    """Try every order, without any memory."""
    if all(x.what.startswith("maybe") for x in ops):
        return True
    for at, x in enumerate(ops):
        if any(comes_first(y, x) and not y.what.startswith("maybe") for y in ops):
            continue
        after = serve([x], tickets, most)
        if after is not None and some_order(ops[:at] + ops[at + 1 :], after, most):
            return True
    return False


def random_operations(
    rng: random.Random, refunds: bool, quantities: tuple[int, ...] = (1, 1, 2, 3)
) -> tuple[list[Op], int, int | None]:
    """Make a few operations of a few processes; a process's next often touches its last."""
    tickets = rng.choice([2, 3, 5, 8])
    span = rng.choice([2, 4, 8])
    free = dict.fromkeys(range(rng.randint(1, 5)), 0)
    left = tickets
    ops: list[Op] = []
    for index in range(0, 2 * rng.randint(1, 7), 2):
        process = rng.choice([*free])
        begin = free[process] + rng.choice([0, 0, 0, 1, rng.randint(0, span)])
        end = free[process] = begin + rng.choice([0, 0, 1, rng.randint(0, span)])
        quantity = rng.choice(quantities)
        seen = max(0, left + rng.choice([0, 0, 0, 1, -1, 2, -2]))
        draw = rng.random()
        row = (process, index, index + 1, begin, end)
        lost = (process, index, None, begin, INF)
        if refunds and draw < 0.15:
            what = rng.choice(["refund", "refund", "maybe-refund"])
            ops.append(Op(what, *(lost if what == "maybe-refund" else row), quantity))
            left += quantity
        elif draw < 0.45:
            number = seen if rng.random() < 0.3 else None
            ops.append(Op("buy", *row, quantity, number, number))
            left -= quantity
        elif draw < 0.55:
            ops.append(Op("maybe", *lost, quantity))
            left -= rng.choice([0, quantity])
        elif draw < 0.65:
            ops.append(Op("sold-out", *row, 0, 0, quantity - 1))
        else:
            ops.append(Op("search", *row, 0, seen, seen))
    if rng.random() < 0.3:
        ops.append(Op("end", "harness", -1, None, INF, INF, 0, max(0, left), max(0, left)))
    return ops, tickets, rng.choice([None, tickets, tickets + 1])


@pytest.mark.sweep(usual=lambda seed: seed < 4)
@pytest.mark.parametrize("seed", range(32))
def test_the_search_agrees_with_every_order(seed):
    rng = random.Random(seed)
    answers = {True: 0, False: 0}
    for _ in range(500):
        ops, tickets, most = random_operations(rng, refunds=seed % 2 == 1)
        expected = some_order(ops, tickets, most)
        order = search(ops, tickets, most=most)
        assert (order is not None) == expected, (ops, tickets, most)
        assert order is None or right_order(order, ops, tickets, most), (ops, tickets, most)
        answers[expected] += 1
    assert min(answers.values()) > 50, answers
