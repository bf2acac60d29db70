"""Find certificates: turn an operation out of range, or slots that no matching fills, into proof.

What is found here is checked by `certificate.verify`, which does not know how it was found.
"""

from __future__ import annotations

from dataclasses import replace

from booking.checker.certificate import (
    Certificate,
    can_lie_between,
    follows,
    possible,
    precedes,
    runs_between,
    tickets_within,
)
from booking.checker.counter.reduction import Constraints, Counter
from booking.checker.counter.slot_matching import HallViolator
from booking.checker.operations import Op, operations


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
        here = [x for x in ops if runs_between(bare, x)]
        return replace(
            bare,
            members=tuple(x for x in here if can_lie_between(bare, x)),
            elsewhere=tuple(
                x for x in here if not can_lie_between(bare, x) and x not in {upper, bare.after}
            ),
        )
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
        and (high >= tickets or x.high is not None or follows(x, bare.before))
        and (low < unit or x.low is not None or precedes(x, bare.after))
    ]
    inside.sort(key=lambda x: (-tickets_within(bare, x), x.high is None, x.invoked))
    total = 0
    for count, x in enumerate(inside, 1):
        total += tickets_within(bare, x)
        if total > high - low:
            return tuple(inside[:count])
    return tuple(inside)
