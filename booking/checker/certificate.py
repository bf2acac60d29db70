"""Prove that a history is impossible, by evidence that is small and checked without the algorithm.

- `out of range`: one operation saw a count that cannot occur.
- `rose`: `before` ended before `after` began, yet `after` proves more tickets than `before`.
- `overfull`: `members` took more tickets than there were between the counts `high` and `low`.
  Each of them lies between: by its number, or by running wholly between two observations.
  These are `before` (at most `high` were left) and `after` (at least `low` were left).
- `starved`: the count fell from at least `high` (`before`) to at most `low` (`after`). That is
  more than all orders together could take that can have run in between.

`before` None is the start (the count is `tickets`), `after` None means that no count is below 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from booking.checker.inventory import Key
from booking.checker.operations import Op, operations
from booking.checker.reduction import ALL_CONSTRAINTS, Constraints, Counter
from booking.checker.slot_matching import HallViolator


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why a history is impossible; `constraints` states which part of it was looked at."""

    kind: Literal["out of range", "rose", "overfull", "starved"]
    before: Op | None = None
    after: Op | None = None
    members: tuple[Op, ...] = ()
    high: int = 0
    low: int = 0
    key: Key = None
    constraints: Constraints = ALL_CONSTRAINTS


def verify(proof: Certificate, tickets: int, unit: int, operations: Iterable[Op]) -> bool:
    """Return whether a certificate proves its claim; knows nothing of slots or matchings."""
    a, b, high, low = proof.before, proof.after, proof.high, proof.low
    most = inf if a is None or a.left_at_most is None else _down(a.left_at_most, tickets, unit)
    least = -inf if b is None or b.left_at_least is None else _up(b.left_at_least, tickets, unit)
    if proof.kind == "out of range":
        return a is not None and not possible(a, tickets, unit)
    if proof.kind == "rose":
        return a is not None and b is not None and a.returned < b.invoked and most < least
    if proof.kind == "overfull":
        different = len({x.index for x in proof.members}) == len(proof.members)
        return (
            different
            and sum(tickets_within(proof, x) for x in proof.members) > high - low
            and all(
                x.what == "buy"
                and (high >= tickets or x.high is not None or (most <= high and _follows(x, a)))
                and (low < unit or x.low is not None or (least >= low and _precedes(x, b)))
                for x in proof.members
            )
        )
    fell_from = tickets if a is None else _up(a.left_at_least or 0, tickets, unit)
    fell_to = inf if b is None or b.left_at_most is None else _down(b.left_at_most, tickets, unit)
    could_take = sum(tickets_within(proof, x) for x in operations if can_lie_between(proof, x))
    return fell_from >= high and fell_to <= low and could_take < high - low


def tickets_within(proof: Certificate, x: Op) -> int:
    """Return how many of an order's tickets lie between `high` and `low`, by its number."""
    if x.high is None:
        return x.quantity
    return max(0, min(x.high, proof.high) - max(x.high - x.quantity, proof.low))


def _follows(x: Op, a: Op | None) -> bool:
    return a is not None and a.returned < x.invoked


def _precedes(x: Op, b: Op | None) -> bool:
    return b is not None and x.returned < b.invoked


def can_lie_between(proof: Certificate, x: Op) -> bool:
    """Return whether an order can have taken a ticket between `high` and `low` (`starved`)."""
    a, b = proof.before, proof.after
    return (
        x.what in {"buy", "maybe"}
        and (a is None or x.returned >= a.invoked)
        and (b is None or x.invoked <= b.returned)
        and tickets_within(proof, x) > 0
    )


def possible(x: Op, tickets: int, unit: int) -> bool:
    """Return whether an operation can have seen some count that can occur."""
    if x.low is None or x.high is None:
        return True
    floor = x.quantity if x.what == "buy" else 0
    least = _up(max(x.low, floor), tickets, unit)
    return least <= min(x.high, tickets)


def _down(count: int, tickets: int, unit: int) -> int:
    """Round down to a count that can occur: tickets, tickets − unit, …"""
    return count - (count - tickets) % unit


def _up(count: int, tickets: int, unit: int) -> int:
    return count + (tickets - count) % unit


def out_of_range(counter: Counter, constraints: Constraints) -> Certificate | None:
    """Find an operation that saw an impossible count; quick where there is none."""
    if _all_in_range(counter, constraints):
        return None
    for x in operations(counter.inventory, counter.numbers, constraints):
        if not possible(x, counter.tickets, counter.unit):
            return Certificate(
                "out of range", before=x, key=counter.inventory.key, constraints=constraints
            )
    return None


def _all_in_range(counter: Counter, constraints: Constraints) -> bool:
    """Return True where minima and maxima suffice to show that every count can occur."""
    inventory, tickets = counter.inventory, counter.tickets
    seen = inventory.searches.value if constraints.searches else []
    ends = [inventory.remaining] if constraints.end and inventory.remaining is not None else []
    sold_outs = inventory.sold_outs.value if constraints.sold_outs else []
    if counter.unit > 1 and (seen or ends or sold_outs):
        return False
    if any(min(counts) < 0 or max(counts) > tickets for counts in (seen, ends) if counts):
        return False
    given = [n for n in inventory.sold.number if isinstance(n, int)] if constraints.numbers else []
    if not given:
        return True
    single = counter.numbers == "before" and max(inventory.sold.quantity) == 1
    return single and min(given) >= 1 and max(given) <= tickets


def certify(violator: HallViolator, counter: Counter, constraints: Constraints) -> Certificate:
    """Turn slots into a certificate: the two observations, and the orders between them."""
    tickets, unit = counter.tickets, counter.unit
    ops = list(operations(counter.inventory, counter.numbers, constraints))
    bare = Certificate("rose", key=counter.inventory.key, constraints=constraints)
    if violator.kind == "rose":
        slot_end = tickets - unit * violator.first
        fallen = _earliest_at_most(ops, slot_end, unit)
        higher = _latest_at_least(ops, slot_end + unit, unit)
        return replace(bare, before=fallen, after=higher)
    high = tickets - unit * (violator.first - 1)
    low = tickets - unit * violator.last
    bare = replace(bare, kind=violator.kind, high=high, low=low)
    if violator.kind == "starved":
        upper = _latest_at_least(ops, high, unit) if violator.first > 1 else None
        bare = replace(bare, before=upper, after=_earliest_at_most(ops, low, unit))
        return replace(bare, members=tuple(x for x in ops if can_lie_between(bare, x)))
    upper = _earliest_at_most(ops, high, unit) if violator.first > 1 else None
    lower = _latest_at_least(ops, low, unit) if low >= unit else None
    members = _fewest_sales(replace(bare, before=upper, after=lower), ops, tickets, unit)
    if violator.first == 1 or all(x.high is not None for x in members):
        upper = None  # their numbers prove enough
    if low < unit or all(x.low is not None for x in members):
        lower = None
    return replace(bare, before=upper, after=lower, members=members)


def _earliest_at_most(ops: list[Op], count: int, unit: int) -> Op | None:
    """Find the first proof that at most `count` were left (a count that can occur)."""
    limit = count + unit  # less than the next count that can occur rounds down to this one
    fitting = [x for x in ops if x.high is not None and x.high - x.quantity < limit]
    return min(fitting, key=lambda x: x.returned, default=None)


def _latest_at_least(ops: list[Op], count: int, unit: int) -> Op | None:
    """Find the last proof that at least `count` were left (a count that can occur)."""
    limit = count - unit
    fitting = [x for x in ops if x.low is not None and x.low > limit]
    return max(fitting, key=lambda x: x.invoked, default=None)


def _fewest_sales(bare: Certificate, ops: list[Op], tickets: int, unit: int) -> tuple[Op, ...]:
    """Return just as many sales as are too many, by the tickets they took; numbered ones first.

    A numbered sale lies where its number says; another one by running wholly between the two
    observations.
    """
    high, low = bare.high, bare.low
    inside = [
        x
        for x in ops
        if x.what == "buy"
        and tickets_within(bare, x) > 0
        and (high >= tickets or x.high is not None or _follows(x, bare.before))
        and (low < unit or x.low is not None or _precedes(x, bare.after))
    ]
    inside.sort(key=lambda x: (-tickets_within(bare, x), x.high is None, x.invoked))
    total = 0
    for count, x in enumerate(inside, 1):
        total += tickets_within(bare, x)
        if total > high - low:
            return tuple(inside[:count])
    return tuple(inside)
