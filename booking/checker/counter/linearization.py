"""Find the linearization of a valid history: an order that a plain counter can serve.

Each sale gets a point in time max(invoked, ready[slot]). Sorting the points of the unpinned sales
keeps every sale in its interval, since the slots' windows are nondecreasing. An observation goes
to the moment max(invoked, when the last sale it needs has happened).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import inf

from booking.checker.counter.reduction import (
    ALL_CONSTRAINTS,
    Clock,
    Counter,
    count_before,
    has_pinned_sales,
)
from booking.checker.counter.slot_matching import Matching, SlotProblem
from booking.checker.operations import Op, operations, refunds
from booking.checker.reading.inventory import Inventory, Numbers


def linearize(counter: Counter, problem: SlotProblem, matching: Matching) -> list[int]:
    """Return the indexes of the invocations in a linearization; only for orders of one quantity.

    An operation of unknown outcome that is not needed is left out.
    """
    sold, maybe = counter.inventory.sold, counter.inventory.maybe
    unpinned, pinned_rows = _rows(counter)
    points: list[tuple[int, int]] = []
    last_slot = 0
    for slot in range(1, len(matching.sale)):
        matched = matching.sale[slot]
        if matched is not None:
            row = unpinned[matching.by_return[matched]]
            points.append((max(sold.invoked[row], matching.ready[slot]), sold.index[row]))
        elif slot in matching.unknown:
            row = matching.unknown_by_invoke[matching.unknown[slot]]
            points.append((max(maybe.invoked[row], matching.ready[slot]), maybe.index[row]))
        elif slot not in pinned_rows:
            continue
        last_slot = slot
    points.sort()
    indexes: list[int] = []  # of the invocation, for each slot from 1
    happened: list[int] = []
    now, unpinned_points = problem.before_all, iter(points)
    for slot in range(1, last_slot + 1):
        if slot in pinned_rows:
            point, index = matching.ready[slot], sold.index[pinned_rows[slot]]
        else:
            point, index = next(unpinned_points)
        now = max(now, point)
        happened.append(now)
        indexes.append(index)
    return _merge(counter, indexes, happened)


def _rows(counter: Counter) -> tuple[Sequence[int], dict[int, int]]:
    """Return the rows of the unpinned sales, and the rows of the pinned sales by slot."""
    sold = counter.inventory.sold
    if not has_pinned_sales(sold, counter.numbers):
        return range(len(sold.invoked)), {}
    unpinned: list[int] = []
    pinned: dict[int, int] = {}
    for row, number in enumerate(sold.number):
        before = count_before(number, counter.unit, counter.numbers)
        if before is None:
            unpinned.append(row)
        else:
            pinned[counter.units_sold(before) + 1] = row
    return unpinned, pinned


def _merge(counter: Counter, sales: list[int], happened: list[int]) -> list[int]:
    """Put the observations between the sales, each after as many sales as it saw."""
    searches, sold_outs = counter.inventory.searches, counter.inventory.sold_outs
    before_all = Clock.of(counter.inventory).before_all
    happened = [before_all, *happened]  # happened[k]: when the k-th sale was over
    indexes = searches.index + sold_outs.index
    invoked = searches.invoked + sold_outs.invoked
    least = [counter.units_sold(value) for value in searches.value]
    most = least + [len(sales)] * len(sold_outs.index)
    least += [counter.units_sold_below(quantity) for quantity in sold_outs.value]
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
    order: list[int] = []
    served = 0
    for row in rows:
        if after[row] > served:
            order += sales[served : after[row]]
            served = after[row]
        order.append(indexes[row])
    order += sales[served:]
    return order


def replay(
    inventory: Inventory,
    tickets: int,
    numbers: Numbers,
    order: Sequence[int],
    most: int | None = None,
) -> str | None:
    """Serve the operations in a given order with a plain counter, which never exceeds `most`.

    Independent of how the order was found. Returns what goes wrong, None where nothing does.
    """
    ops = [*operations(inventory, numbers, ALL_CONSTRAINTS), *refunds(inventory)]
    by_index = {x.index: x for x in ops if x.what != "end"}
    count, now = tickets, float("-inf")
    latest: dict[int | str, int] = {}  # the last invocation of each process
    for index in order:
        x: Op = by_index.pop(index)  # a second time is a KeyError
        now = max(now, x.invoked)
        before = latest.get(x.process, index)
        wrong = _misplaced(x, now, before) or _misread(x, count)
        count += x.quantity if x.gives_back else -x.quantity
        if not wrong and (count < 0 or (most is not None and count > most)):
            wrong = f"took the count to {count}"
        if wrong:
            return f"operation {index} {wrong}"
        latest[x.process] = max(index, before)
    left_out = [x.index for x in by_index.values() if not x.what.startswith("maybe")]
    if left_out:
        return f"operation {left_out[0]} does not occur"
    if inventory.remaining is not None and inventory.remaining != count:
        return f"{inventory.remaining} remained, the count is {count}"
    return None


def _misplaced(x: Op, now: float, latest: int) -> str | None:
    if x.returned < now:
        return "returned before another one began that comes before it"
    if x.returned < inf and latest > x.index:
        return "comes after a later one of its process"
    return None


def _misread(x: Op, count: int) -> str | None:
    if x.low is not None and x.high is not None and not x.low <= count <= x.high:
        return f"saw {x.low}..{x.high}, the count was {count}"
    return None
