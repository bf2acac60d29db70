"""A witness order: the operations one after another, as a plain counter could have served them.

Each sale gets a point in time max(invoked, ready[slot]). Sorting the points of the unpinned
sales keeps every one in its interval, since the slots' windows are nondecreasing. A sighting
goes to the moment max(invoked, when the last sale it needs has happened).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from booking.checker.certificate import Op, operations
from booking.checker.columns import Inventory, Numbers
from booking.checker.reduction import ALL, clock, count_before
from booking.checker.slot_matching import PINNED, Placement, Problem


def order(
    here: Inventory, tickets: int, unit: int, numbers: Numbers, problem: Problem, found: Placement
) -> list[int]:
    """Return the indexes of the invocations in witness order; only for orders of one quantity.

    Whatever has an unknown outcome and is not needed does not occur in it.
    """
    sold, maybe = here.sold, here.maybe
    loose, pinned_rows = _rows(here, tickets, unit, numbers)
    by_slot: list[int] = []  # index of the invocation, for each slot from 1
    points: list[tuple[int, int]] = []
    slots = 0
    for slot in range(1, len(found.at)):
        row = found.at[slot]
        if row == PINNED:
            if slot in pinned_rows:
                slots = slot
            continue
        slots = slot
        if row >= 0:
            mine = loose[found.by_return[row]]
            points.append((max(sold.invoked[mine], found.ready[slot]), sold.index[mine]))
        else:
            mine = found.unknown_by_invoke[~row]
            points.append((max(maybe.invoked[mine], found.ready[slot]), maybe.index[mine]))
    points.sort()
    happened: list[int] = []
    now, at = problem.before_all, iter(points)
    for slot in range(1, slots + 1):
        if slot in pinned_rows:
            point, index = found.ready[slot], sold.index[pinned_rows[slot]]
        else:
            point, index = next(at)
        now = max(now, point)
        happened.append(now)
        by_slot.append(index)
    return _merge(here, tickets, unit, by_slot, happened)


def _rows(
    here: Inventory, tickets: int, unit: int, numbers: Numbers
) -> tuple[Sequence[int], dict[int, int]]:
    """Return the rows of the sales that were to be placed, and those of the pinned ones by slot."""
    if numbers in {"seat", "none"} or not any(n is not None for n in here.sold.number):
        return range(len(here.sold.invoked)), {}
    loose: list[int] = []
    pinned: dict[int, int] = {}
    for row, number in enumerate(here.sold.number):
        before = count_before(number, unit, numbers)
        if before is None:
            loose.append(row)
        else:
            pinned[(tickets - before) // unit + 1] = row
    return loose, pinned


def _merge(
    here: Inventory, tickets: int, unit: int, by_slot: list[int], happened: list[int]
) -> list[int]:
    """Put the sightings in between the sales, each after as many as it saw."""
    before_all, _, _ = clock(here)
    happened = [before_all, *happened]  # happened[k]: when the k-th sale was over
    most_sold = len(by_slot)
    seen = here.searches
    indexes = seen.index + here.sold_outs.index
    invoked = seen.invoked + here.sold_outs.invoked
    least = [(tickets - value) // unit for value in seen.value]
    most = least + [most_sold] * len(here.sold_outs.index)
    least += [-((quantity - 1 - tickets) // unit) for quantity in here.sold_outs.value]
    points = [
        max(begin, happened[k] if k > 0 else before_all)
        for begin, k in zip(invoked, least, strict=True)
    ]
    after = [
        min(limit, bisect_right(happened, point) - 1)
        for limit, point in zip(most, points, strict=True)
    ]
    rows = sorted(range(len(points)), key=after.__getitem__)
    rows.sort(key=points.__getitem__)
    witness: list[int] = []
    served = 0
    for row in rows:
        if after[row] > served:
            witness += by_slot[served : after[row]]
            served = after[row]
        witness.append(indexes[row])
    witness += by_slot[served:]
    return witness


def replay(here: Inventory, tickets: int, numbers: Numbers, witness: Sequence[int]) -> str | None:
    """Serve the operations in the witness's order with a plain counter.

    Independent of how the order was found. Returns what goes wrong, None where nothing does.
    """
    by_index = {x.index: x for x in operations(here, numbers, ALL) if x.what != "end"}
    count, now = tickets, float("-inf")
    for index in witness:
        x: Op = by_index.pop(index)  # a second time is a KeyError
        now = max(now, x.invoked)
        if x.returned < now:
            return f"operation {index} returned before another one began that comes before it"
        if x.low is not None and x.high is not None and not x.low <= count <= x.high:
            return f"operation {index} saw {x.low}..{x.high}, the count was {count}"
        count -= x.quantity
        if count < 0:
            return f"operation {index} took the count to {count}"
    left_out = [x.index for x in by_index.values() if x.what != "maybe"]
    if left_out:
        return f"operation {left_out[0]} does not occur"
    if here.remaining is not None and here.remaining != count:
        return f"{here.remaining} remained, the count is {count}"
    return None
