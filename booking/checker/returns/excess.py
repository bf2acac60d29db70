"""Find certificates where tickets come back, or orders are of several quantities.

Cheap conditions that every order must meet: O(n log n), whatever the number of buyers. They look
at one operation, at two sales of one ticket, and at each two moments (`balance`). They are
necessary, and very nearly sufficient where no operation observes the count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from math import inf
from typing import Literal

from booking.checker.certificate import (
    Certificate,
    can_undo,
    down,
    possible,
    seat_view,
    up,
    window,
)
from booking.checker.operations import Op
from booking.checker.reading.inventory import Key
from booking.checker.returns.balance import Mark, Running, first_excess


@dataclass(frozen=True, slots=True)
class Stock:
    """The count at the start, what every change of it is a multiple of, and whose count it is."""

    tickets: int
    unit: int
    key: Key = None
    seat: int | str | None = None


def refute_counts(ops: Sequence[Op], stock: Stock) -> Certificate | None:
    """Return why no order explains the operations, where a cheap condition shows it."""
    for x in ops:
        too_many = x.what in {"buy", "refund"} and x.quantity > stock.tickets
        if too_many or not possible(x, stock.tickets, stock.unit):
            return Certificate("out of range", before=x, key=stock.key)
    return _taken_twice(ops, stock) or too_high(ops, stock) or too_low(ops, stock)


def _taken_twice(ops: Sequence[Op], stock: Stock) -> Certificate | None:
    """Find two sales of one number, and no refund that can have come between them."""
    numbered = [x for x in ops if x.what == "buy" and x.high is not None]
    if not numbered:
        return None
    back = Running(x for x in ops if x.gives_back)
    numbered.sort(key=lambda x: (-(x.high or 0), x.invoked))
    for x, y in pairwise(numbered):
        missing = (y.high or 0) - (x.high or 0) + x.quantity
        if missing > 0 and not (
            _can_follow(x, y, missing, back)
            or _can_follow(y, x, (x.high or 0) - (y.high or 0) + y.quantity, back)
        ):
            return Certificate("twice", members=(x, y), key=stock.key)
    return None


def _can_follow(x: Op, y: Op, missing: int, back: Running) -> bool:
    if y.returned < x.invoked:
        return False
    return back.begun_by(2 * y.returned) - back.over_before(2 * x.invoked) >= missing


def too_high(
    ops: Sequence[Op], stock: Stock, besides: Sequence[Op] = (), running: Running | None = None
) -> Certificate | None:
    """Find a count that was higher than all refunds can explain: more was sold than there was.

    `besides` are refunds that may be of another seat, with their `running` sums.
    """
    sales = [x for x in ops if x.what == "buy"]
    refunds = [x for x in ops if x.gives_back]
    round_down = partial(down, tickets=stock.tickets, unit=stock.unit)
    empty = up(0, stock.tickets, stock.unit)
    earlier = [Mark(-inf, -inf, stock.tickets)]
    earlier += [_before(x, stock.tickets) for x in sales if refunds or besides]
    later = [_after(x, empty) for x in sales]
    for x in ops:
        if x.left_at_most is not None:
            most = round_down(x.left_at_most)
            if most < stock.tickets:
                earlier.append(Mark(2 * x.invoked, 2 * x.returned, most, x))
        if x.left_at_least is not None:
            least = up(x.left_at_least, stock.tickets, stock.unit)
            if least > empty:
                later.append(Mark(2 * x.invoked, 2 * x.returned, least, x))
    sums = [Running(refunds), *([running] if running else [])]
    found = first_excess(earlier, later, sales, sums)
    if found is None:
        return None
    return certified("too high", found, sales, [*refunds, *besides], stock)


def too_low(
    ops: Sequence[Op], stock: Stock, besides: Sequence[Op] = (), running: Running | None = None
) -> Certificate | None:
    """Find a count that was lower than all orders can explain, or more refunds than sales.

    The mirror image of `too_high`: counts have the other sign, refunds and sales change roles.
    """
    refunds = [x for x in ops if x.what == "refund"]
    takers = [x for x in ops if x.what in {"buy", "maybe"}]
    round_down = partial(down, tickets=stock.tickets, unit=stock.unit)
    empty = up(0, stock.tickets, stock.unit)
    earlier = [Mark(-inf, -inf, -stock.tickets)]
    earlier += [_before(x, -empty) for x in refunds]
    later = [_after(x, -stock.tickets) for x in refunds]
    for x in ops:
        if x.left_at_least is not None:
            least = up(x.left_at_least, stock.tickets, stock.unit)
            if least > empty:
                earlier.append(Mark(2 * x.invoked, 2 * x.returned, -least, x))
        if x.left_at_most is not None:
            most = round_down(x.left_at_most)
            if most < stock.tickets:
                later.append(Mark(2 * x.invoked, 2 * x.returned, -most, x))
    sums = [Running(takers), *([running] if running else [])]
    found = first_excess(earlier, later, refunds, sums)
    if found is None:
        return None
    return certified("too low", found, refunds, [*takers, *besides], stock)


def _before(x: Op, count: int) -> Mark:
    """Return a bound that holds at every time, as of right before an operation."""
    moment = 2 * x.invoked - 1
    return Mark(moment, moment, count)


def _after(x: Op, count: int) -> Mark:
    moment = 2 * x.returned + 1
    return Mark(moment, moment, count)


def certified(
    kind: Literal["too high", "too low"],
    found: tuple[Mark, Mark],
    changes: Sequence[Op],
    others: Sequence[Op],
    stock: Stock,
) -> Certificate:
    """Turn two moments into a certificate with few members.

    Where a bound holds at every time, the latest members alone may do, with a shorter window.
    """
    a, b = found
    sign = 1 if kind == "too high" else -1
    bare = Certificate(
        kind, a.op, b.op, high=sign * a.left, low=sign * b.left, key=stock.key, seat=stock.seat
    )
    gap = a.left - b.left
    inside = [x for x in changes if 2 * x.invoked > a.returned and 2 * x.returned < b.invoked]
    undoing = undone_by(replace(bare, members=tuple(inside)), others, stock.tickets)
    given_back = [x for x, _ in given_back_by(inside, undoing)]
    dropped = {x.index for x in given_back}
    held = [x for x in inside if x.index not in dropped]
    if a.op is None:
        latest = _with_members(bare, _enough(held[::-1], gap), others, stock)
        if sum(x.quantity for x in latest.members) > gap + latest.against:
            return latest
    held.sort(key=lambda x: -x.quantity)
    needed = gap + sum(x.quantity for x in undoing)
    return _with_members(bare, _enough([*given_back, *held], needed), others, stock)


def _with_members(
    bare: Certificate, members: tuple[Op, ...], others: Sequence[Op], stock: Stock
) -> Certificate:
    proof = replace(bare, members=members)
    against = sum(x.quantity for x in undone_by(proof, others, stock.tickets))
    return replace(proof, against=against)


def _enough(ops: Iterable[Op], needed: int) -> tuple[Op, ...]:
    """Return the first operations that together have more than the tickets needed."""
    taken: list[Op] = []
    total = 0
    for x in ops:
        if total > needed:
            break
        taken.append(x)
        total += x.quantity
    return tuple(sorted(taken, key=lambda x: x.returned))


def undone_by(proof: Certificate, ops: Iterable[Op], tickets: int) -> list[Op]:
    """Return the operations that can have moved the count against the members meanwhile."""
    if proof.kind not in {"too high", "too low"}:
        return []
    begin, end = window(proof, tickets)
    own = ops if proof.seat is None else seat_view(ops, proof.seat)
    return [x for x in own if can_undo(proof, x, begin, end)]


def given_back_by(changes: Sequence[Op], others: Sequence[Op]) -> list[tuple[Op, Op]]:
    """Match each refund with the last order that its process can have given back."""
    by_process: dict[int | str, list[Op]] = {}
    for x in sorted(changes, key=lambda x: x.invoked):
        by_process.setdefault(x.process, []).append(x)
    pairs: list[tuple[Op, Op]] = []
    for refund in sorted(others, key=lambda x: x.invoked):
        own = by_process.get(refund.process, [])
        fitting = [x for x in own if x.invoked <= refund.returned and x.quantity == refund.quantity]
        if fitting:
            pairs.append((fitting[-1], refund))
            own.remove(fitting[-1])
    return pairs
