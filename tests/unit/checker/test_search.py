"""The search and a checker that tries every order agree, program order and a full hall included."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from booking.checker.operations import Op
from booking.checker.search.wgl import Search, search

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


def one_after_another(count: int) -> tuple[list[Op], int]:
    """Make orders of several quantities and searches, of which no two overlap."""
    ops, left = [], 3 * count
    for at in range(count):
        row = (at % 7, 2 * at, 2 * at + 1, 10 * at, 10 * at + 5)
        if at % 3 == 2:
            ops.append(Op("search", *row, 0, left, left))
        else:
            quantity = at % 4 + 1
            ops.append(Op("buy", *row, quantity))
            left -= quantity
    return ops, 3 * count


@pytest.mark.parametrize("count", [30_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_path_without_freedom_costs_no_budget(count):
    ops, tickets = one_after_another(count)
    order = search(ops, tickets, states_max=1)
    assert order == ops
    *_, last = (x for x in ops if x.what == "search")
    wrong = last.low - 1
    ops[ops.index(last)] = Op("search", *row_of(last), 0, wrong, wrong)
    assert search(ops, tickets, states_max=1) is None


def row_of(x: Op) -> tuple:
    return x.process, x.index, x.done, x.invoked, x.returned


def test_a_long_operation_takes_no_more_memory():
    """One that lasts for all the others must not make each state as large as the history."""
    ops, tickets = one_after_another(20_000)
    long = Op("buy", "slow", -2, 10**9, 0, 10**9, 5)
    tracemalloc.start()
    try:
        assert search([long, *ops], tickets, states_max=1) is not None
        assert tracemalloc.get_traced_memory()[1] < 20_000 * 1_000
    finally:
        tracemalloc.stop()


def test_choices_before_a_quiet_moment_are_settled():
    """Each part has two ways; a fault at the end must not try all their combinations."""
    ops: list[Op] = []
    left = tickets = 10_000
    for part in range(300):
        at = 100 * part
        for n, quantity in enumerate((1, 2, 3)):
            ops.append(Op("buy", n, len(ops) * 2, len(ops) * 2 + 1, at, at + 9, quantity))
        ops.append(
            Op("search", 9, len(ops) * 2, len(ops) * 2 + 1, at + 1, at + 8, 0, left - 3, left - 3)
        )
        left -= 6
    wrong = Op("search", 9, 10**6, 10**6 + 1, 10**6, 10**6 + 1, 0, left + 1, left + 1)
    assert search(ops, tickets, states_max=10) is not None
    question = Search([*ops, wrong], tickets)
    assert question.run(states_max=10) is None
    assert question.stuck == [wrong]


def test_a_full_hall_makes_the_order_of_unseen_operations_matter():
    """Two of two tickets are taken, three come back to at most three, and one is taken again."""
    ops = [
        Op("maybe", 3, 0, None, 0, INF, 2),
        Op("refund", 2, 2, 3, 0, 1, 3),
        Op("buy", 1, 4, 5, 0, 0, 1),
    ]
    order = search(ops, 2, most=3)
    assert order is not None
    assert [x.index for x in order] == [0, 2, 4]
