"""Proof that a history is impossible: small, and checkable without the algorithm that found it.

- `out of range`: one operation saw a count that cannot occur.

- `rose`: `before` ended before `after` began, yet `after` proves more tickets than `before`.

- `overfull`: `members` took more tickets than there were between the counts `high` and `low`.
  Each of them lies between: by its number, or by running wholly between `before` (at most
  `high` were left) and `after` (at least `low` were left).

- `starved`: the count fell from at least `high` (`before`) to at most `low` (`after`). That is
  more than all orders together could take that can have run in between.

`before` None is the start (the count is `tickets`), `after` None says that no count is below 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal

import msgspec

from booking.checker.columns import Inventory, Key, Numbers, Orders, Sightings
from booking.checker.reduction import Parts, count_before
from booking.checker.slot_matching import Clash

What = Literal["buy", "maybe", "search", "sold-out", "end", "refund", "maybe-refund"]


class Op(msgspec.Struct, frozen=True, gc=False):
    """One operation as certificates and witnesses see it; `inf` is later than every time.

    `high` and `low` bound the count that it proves: for a search and a sold-out the count at
    some moment of it, for a sale that answered a number the count before it (both alike).
    """

    what: What
    process: int | str
    index: int
    done: int
    invoked: float
    returned: float
    quantity: int = 0
    low: int | None = None
    high: int | None = None

    @property
    def left_at_least(self) -> int | None:
        """The count that was there when it began, at the least."""
        return self.low

    @property
    def left_at_most(self) -> int | None:
        """The count that was there when it had returned, at the most."""
        return None if self.high is None else self.high - self.quantity


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why a history is impossible. `parts` says what of the history it speaks about."""

    kind: Literal["out of range", "rose", "overfull", "starved"]
    before: Op | None = None
    after: Op | None = None
    members: tuple[Op, ...] = ()
    high: int = 0
    low: int = 0
    key: Key = None
    parts: Parts = field(default_factory=Parts)


def verify(proof: Certificate, tickets: int, unit: int, operations: Iterable[Op]) -> bool:
    """Return whether a certificate proves what it claims; knows nothing of slots or matchings."""
    a, b, high, low = proof.before, proof.after, proof.high, proof.low
    most = inf if a is None or a.left_at_most is None else _down(a.left_at_most, tickets, unit)
    least = -1 if b is None or b.left_at_least is None else _up(b.left_at_least, tickets, unit)
    if proof.kind == "out of range":
        return a is not None and not possible(a, tickets, unit)
    if proof.kind == "rose":
        return a is not None and b is not None and a.returned < b.invoked and most < least
    if proof.kind == "overfull":
        different = len({x.index for x in proof.members}) == len(proof.members)
        return (
            different
            and sum(part(proof, x) for x in proof.members) > high - low
            and all(
                x.what == "buy"
                and (high >= tickets or x.high is not None or (most <= high and _follows(x, a)))
                and (low < unit or x.low is not None or (least >= low and _precedes(x, b)))
                for x in proof.members
            )
        )
    fell_from = tickets if a is None else _up(a.left_at_least or 0, tickets, unit)
    fell_to = inf if b is None or b.left_at_most is None else _down(b.left_at_most, tickets, unit)
    could_take = sum(part(proof, x) for x in operations if can_lie_between(proof, x))
    return fell_from >= high and fell_to <= low and could_take < high - low


def part(proof: Certificate, x: Op) -> int:
    """Return how many of an order's tickets lie between `high` and `low`, as its number tells."""
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
        and part(proof, x) > 0
    )


def possible(x: Op, tickets: int, unit: int) -> bool:
    """Return whether some count that can occur is what the operation says."""
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


def operations(here: Inventory, numbers: Numbers, parts: Parts) -> Iterator[Op]:
    """Return an inventory's operations, as far as `parts` looks at them."""
    yield from _orders("buy", here.sold, numbers if parts.numbers else "none")
    yield from _orders("maybe", here.maybe, "none")
    if parts.searches:
        yield from _sightings("search", here.searches)
    if parts.sold_outs:
        yield from _sightings("sold-out", here.sold_outs)
    if parts.end and here.remaining is not None:
        yield Op("end", "harness", -1, -1, inf, inf, 0, here.remaining, here.remaining)


def _orders(what: What, rows: Orders, numbers: Numbers) -> Iterator[Op]:
    known = numbers in {"before", "after"}
    returned: Sequence[float] = rows.returned if rows.returned else [inf] * len(rows.invoked)
    for number, quantity, process, index, done, invoked, end in zip(
        rows.number,
        rows.quantity,
        rows.process,
        rows.index,
        rows.done,
        rows.invoked,
        returned,
        strict=True,
    ):
        before = count_before(number, quantity, numbers) if known else None
        yield Op(what, process, index, done, invoked, end, quantity, before, before)


def _sightings(what: What, rows: Sightings) -> Iterator[Op]:
    told = what == "sold-out"
    for value, process, index, done, invoked, returned in zip(
        rows.value, rows.process, rows.index, rows.done, rows.invoked, rows.returned, strict=True
    ):
        low, high = (0, value - 1) if told else (value, value)
        yield Op(what, process, index, done, invoked, returned, 0, low, high)


def refunds(here: Inventory) -> Iterator[Op]:
    """Return what returned tickets, for certain or perhaps."""
    yield from _orders("refund", here.refunded, "none")
    yield from _orders("maybe-refund", here.maybe_refunded, "none")


def out_of_range(
    here: Inventory, tickets: int, unit: int, numbers: Numbers, parts: Parts
) -> Certificate | None:
    """Find an operation that saw what cannot be; quick where there is none."""
    looks_fine = True
    if parts.searches and here.searches.value:
        values = here.searches.value
        looks_fine = min(values) >= 0 and max(values) <= tickets and unit == 1
    given = [n for n in here.sold.number if n is not None] if parts.numbers else []
    if given and looks_fine:
        simple = numbers == "before" and max(here.sold.quantity) == 1
        looks_fine = simple and min(given) >= 1 and max(given) <= tickets
    if parts.end and here.remaining is not None and looks_fine:
        looks_fine = 0 <= here.remaining <= tickets and unit == 1
    if parts.sold_outs and here.sold_outs.value and looks_fine:
        looks_fine = unit == 1
    if looks_fine:
        return None
    for x in operations(here, numbers, parts):
        if not possible(x, tickets, unit):
            return Certificate("out of range", before=x, key=here.key, parts=parts)
    return None


def certify(
    clash: Clash, here: Inventory, tickets: int, unit: int, numbers: Numbers, parts: Parts
) -> Certificate:
    """Turn slots into evidence: the two sightings (or numbered sales) and the orders between."""
    ops = list(operations(here, numbers, parts))
    if clash.kind == "rose":
        slot_end = tickets - unit * clash.first
        fallen = _earliest(ops, slot_end, unit)
        higher = _latest(ops, slot_end + unit, unit)
        return Certificate("rose", fallen, higher, (), 0, 0, here.key, parts)
    high = tickets - unit * (clash.first - 1)
    low = tickets - unit * clash.last
    if clash.kind == "starved":
        upper = _latest(ops, high, unit) if clash.first > 1 else None
        lower = _earliest(ops, low, unit)
        bare = Certificate("starved", upper, lower, (), high, low, here.key, parts)
        between = tuple(x for x in ops if can_lie_between(bare, x))
        return Certificate("starved", upper, lower, between, high, low, here.key, parts)
    upper = _earliest(ops, high, unit) if clash.first > 1 else None
    lower = _latest(ops, low, unit) if low >= unit else None
    bare = Certificate("overfull", upper, lower, (), high, low, here.key, parts)
    members = _fewest(bare, ops, tickets, unit)
    if all(x.high is not None or clash.first == 1 for x in members):
        upper = None  # their numbers say enough
    if all(x.low is not None or low < unit for x in members):
        lower = None
    return Certificate("overfull", upper, lower, members, high, low, here.key, parts)


def _earliest(ops: list[Op], count: int, unit: int) -> Op | None:
    """Return the operation that first proves at most `count` left (a count that can occur)."""
    limit = count + unit  # less than the next count that can occur rounds down to this one
    fitting = [x for x in ops if x.high is not None and x.high - x.quantity < limit]
    return min(fitting, key=lambda x: x.returned, default=None)


def _latest(ops: list[Op], count: int, unit: int) -> Op | None:
    """Return the operation that last proves at least `count` left (a count that can occur)."""
    limit = count - unit
    fitting = [x for x in ops if x.low is not None and x.low > limit]
    return max(fitting, key=lambda x: x.invoked, default=None)


def _fewest(bare: Certificate, ops: list[Op], tickets: int, unit: int) -> tuple[Op, ...]:
    """Return just as many sales as are too many; those that took most between, numbered ones first.

    A numbered sale lies where its number says; another one by running wholly between the two
    sightings.
    """
    high, low = bare.high, bare.low
    inside = [
        x
        for x in ops
        if x.what == "buy"
        and part(bare, x) > 0
        and (high >= tickets or x.high is not None or _follows(x, bare.before))
        and (low < unit or x.low is not None or _precedes(x, bare.after))
    ]
    inside.sort(key=lambda x: (-part(bare, x), x.high is None, x.invoked))
    total = 0
    for taken, x in enumerate(inside, 1):
        total += part(bare, x)
        if total > high - low:
            return tuple(inside[:taken])
    return tuple(inside)
