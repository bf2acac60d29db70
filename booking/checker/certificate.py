"""Prove that a history is impossible, by evidence that is small and checked without the algorithm.

- `out of range`: one operation saw a count that cannot occur, or moved more than all tickets.
- `rose`: `before` ended before `after` began, yet `after` proves more tickets than `before`.
- `overfull`: `members` took more tickets than there were between the counts `high` and `low`.
  Each of them lies between: by its number, or by running wholly between two observations.
  These are `before` (at most `high` were left) and `after` (at least `low` were left).
- `starved`: the count fell from at least `high` (`before`) to at most `low` (`after`). That is
  more than all orders together could take that can have run in between.

`before` None is the start (the count is `tickets`), `after` None means that no count is below 0.

Where tickets come back (refunds), or orders are of several quantities:

- `too high`: at most `high` were left at `before`, at least `low` at `after`. The sales
  `members` lie wholly between and took more than that, and more than refunds of that time can have
  brought back. Without `before` there were at most `tickets`, without `after` at least 0.
- `too low`: the mirror image. At least `high` were left at `before`, at most `low` at `after`. The
  refunds `members` lie wholly between, and all orders of that time cannot have taken so many.
  Without `before` the count was `tickets` at the start, or, with `high` 0, not below 0.
- `twice`: two sales took the same ticket, and no refunds can have brought it back in between.
- `no order`: no order of `members` explains their answers, from the count `high` on (`before`
  observed it, or it is the start). Every other operation had returned before that, began after
  all was over, or is an observation that was left out.

`seat` names the one seat that a certificate is about: a counter with one ticket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Literal

from msgspec.structs import replace

from booking.checker.counter.reduction import ALL_CONSTRAINTS, Constraints
from booking.checker.operations import Op
from booking.checker.order_proof import ORDERED_MAX, has_no_order
from booking.checker.reading.inventory import Key

Kind = Literal[
    "out of range", "rose", "overfull", "starved", "too high", "too low", "twice", "no order"
]


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why a history is impossible; `constraints` states which part of it was looked at."""

    kind: Kind
    before: Op | None = None
    after: Op | None = None
    members: tuple[Op, ...] = ()
    high: int = 0
    low: int = 0
    key: Key = None
    constraints: Constraints = ALL_CONSTRAINTS
    seat: int | str | None = None
    # Orders of that time which their numbers place elsewhere (`starved`).
    elsewhere: tuple[Op, ...] = ()
    against: int = 0  # tickets that can have gone the other way meanwhile (`too high`, `too low`)

    @property
    def is_verifiable(self) -> bool:
        """Whether `verify` can check it: it tries the orders of a few operations only."""
        return self.kind != "no order" or len(self.members) <= ORDERED_MAX


def verify(proof: Certificate, tickets: int, unit: int, operations: Iterable[Op]) -> bool:
    """Return whether a certificate proves its claim; knows nothing of how it was found.

    `operations` are all of the inventory (`operations.all_operations`).
    """
    if proof.seat is not None:
        return _is_seat_wrong(proof, proof.seat, operations)
    match proof.kind:
        case "too high" | "too low":
            return _excess(proof, tickets, unit, operations)
        case "twice":
            return _taken_twice(proof.members, operations)
        case "no order":
            return has_no_order(proof.members, operations, tickets, proof.before)
        case _:
            return _falls_wrongly(proof, tickets, unit, operations)


def seat_view(operations: Iterable[Op], seat: int | str) -> Iterator[Op]:
    """Yield the operations on one seat, each of one ticket, and those that may be on any seat.

    An order of several tickets names one; the others may be any.
    """
    for x in operations:
        if x.seat is None:
            yield x
            continue
        if x.seat == seat:
            yield replace(x, quantity=1)
        if x.quantity > 1:
            yield replace(x, seat=None, quantity=x.quantity - 1)


def _is_seat_wrong(proof: Certificate, seat: int | str, operations: Iterable[Op]) -> bool:
    own = all(x.seat == seat and x.quantity == 1 for x in proof.members)
    ops = seat_view(operations, seat)
    return own and proof.kind in {"too high", "too low"} and _excess(proof, 1, 1, ops)


def _falls_wrongly(proof: Certificate, tickets: int, unit: int, operations: Iterable[Op]) -> bool:
    """Check the kinds of a counter that only falls."""
    a, b, high, low = proof.before, proof.after, proof.high, proof.low
    most = inf if a is None or a.left_at_most is None else down(a.left_at_most, tickets, unit)
    least = -inf if b is None or b.left_at_least is None else up(b.left_at_least, tickets, unit)
    if proof.kind == "out of range":
        return a is not None and not (possible(a, tickets, unit) and a.quantity <= tickets)
    if proof.kind == "rose":
        return a is not None and b is not None and a.returned < b.invoked and most < least
    if proof.kind == "overfull":
        different = len({x.index for x in proof.members}) == len(proof.members)
        return (
            different
            and sum(tickets_within(proof, x) for x in proof.members) > high - low
            and all(
                x.what == "buy"
                and (high >= tickets or x.high is not None or (most <= high and follows(x, a)))
                and (low < unit or x.low is not None or (least >= low and precedes(x, b)))
                for x in proof.members
            )
        )
    fell_from = tickets if a is None else up(a.left_at_least or 0, tickets, unit)
    fell_to = inf if b is None or b.left_at_most is None else down(b.left_at_most, tickets, unit)
    could_take = sum(tickets_within(proof, x) for x in operations if can_lie_between(proof, x))
    return fell_from >= high and fell_to <= low and could_take < high - low


def tickets_within(proof: Certificate, x: Op) -> int:
    """Return how many of an order's tickets lie between `high` and `low`, by its number."""
    if x.high is None:
        return x.quantity
    return max(0, min(x.high, proof.high) - max(x.high - x.quantity, proof.low))


def follows(x: Op, a: Op | None) -> bool:
    """Return whether an operation began after another one had returned."""
    return a is not None and a.returned < x.invoked


def precedes(x: Op, b: Op | None) -> bool:
    """Return whether an operation had returned before another one began."""
    return b is not None and x.returned < b.invoked


def runs_between(proof: Certificate, x: Op) -> bool:
    """Return whether an order can have taken effect between the two observations (`starved`)."""
    a, b = proof.before, proof.after
    return (
        x.what in {"buy", "maybe"}
        and (a is None or x.returned >= a.invoked)
        and (b is None or x.invoked <= b.returned)
    )


def can_lie_between(proof: Certificate, x: Op) -> bool:
    """Return whether an order can have taken a ticket between `high` and `low` (`starved`)."""
    return runs_between(proof, x) and tickets_within(proof, x) > 0


def possible(x: Op, tickets: int, unit: int) -> bool:
    """Return whether an operation can have seen some count that can occur."""
    if x.low is None or x.high is None:
        return True
    floor = x.quantity if x.what == "buy" else 0
    least = up(max(x.low, floor), tickets, unit)
    return least <= min(x.high, tickets)


def _excess(proof: Certificate, tickets: int, unit: int, operations: Iterable[Op]) -> bool:
    """Check `too high` and `too low`."""
    a, b, members = proof.before, proof.after, proof.members
    rising = proof.kind == "too high"  # the count is higher than it can be
    begin, end = window(proof, tickets)
    changed = sum(x.quantity for x in members)
    undone = sum(x.quantity for x in operations if can_undo(proof, x, begin, end))
    if a is not None and b is not None and not a.returned < b.invoked:
        return False
    if rising:
        above = proof.high >= (tickets if a is None else down(_most(a, tickets), tickets, unit))
        below = proof.low <= up(0 if b is None else b.left_at_least or 0, tickets, unit)
        gap = proof.high - proof.low
    else:
        least = up(0 if a is None else a.left_at_least or 0, tickets, unit)
        above = proof.high <= least or (a is None and proof.high == tickets)
        below = proof.low >= (tickets if b is None else down(_most(b, tickets), tickets, unit))
        gap = proof.low - proof.high
    return (
        above
        and below
        and len({x.index for x in members}) == len(members)
        and all(x.what == ("buy" if rising else "refund") for x in members)
        and all(a is None or follows(x, a) for x in members)
        and all(b is None or precedes(x, b) for x in members)
        and undone == proof.against
        and changed - undone > gap
    )


def _most(x: Op, tickets: int) -> int:
    return tickets if x.left_at_most is None else x.left_at_most


def window(proof: Certificate, tickets: int) -> tuple[float, float]:
    """Return the times between which the count cannot have gone as it was seen to."""
    a, b = proof.before, proof.after
    members = proof.members
    begin = min((x.invoked for x in members), default=-inf) if a is None else a.invoked
    if proof.kind == "too low" and a is None and 0 < proof.high == tickets:
        begin = -inf  # from the start on
    end = max((x.returned for x in members), default=inf) if b is None else b.returned
    return begin, end


def can_undo(proof: Certificate, x: Op, begin: float, end: float) -> bool:
    """Return whether an operation can have moved the count against `members` meanwhile."""
    takes = x.what in {"buy", "maybe"}
    opposite = x.gives_back if proof.kind == "too high" else takes
    return opposite and x.returned >= begin and x.invoked <= end


def _taken_twice(members: tuple[Op, ...], operations: Iterable[Op]) -> bool:
    if len(members) != 2:  # noqa: PLR2004 - a pair
        return False
    x, y = members
    refunds = [z for z in operations if z.gives_back]
    return x.index != y.index and not (_can_follow(x, y, refunds) or _can_follow(y, x, refunds))


def _can_follow(x: Op, y: Op, refunds: list[Op]) -> bool:
    """Return whether the sale `y` can have come after the sale `x`, by what they answered."""
    if x.high is None or y.high is None:
        return True
    missing = y.high - (x.high - x.quantity)
    back = sum(z.quantity for z in refunds if z.invoked <= y.returned and z.returned >= x.invoked)
    return x.invoked <= y.returned and back >= missing


def down(count: int, tickets: int, unit: int) -> int:
    """Round down to a count that can occur: tickets, tickets − unit, …"""
    return count - (count - tickets) % unit


def up(count: int, tickets: int, unit: int) -> int:
    """Round up to a count that can occur."""
    return count + (tickets - count) % unit
