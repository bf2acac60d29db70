"""Keep the order of one process's operations, also where their times touch.

Intervals that touch are concurrent, as clocks are coarse. Two operations of one process never are:
the later one was invoked after the earlier one had completed, though the clock shows one time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import TypeVar

from booking.checker.inventory import Inventory, Observations, Orders
from booking.checker.operations import Op

Rows = TypeVar("Rows", Orders, Observations)
Place = tuple[Orders | Observations, int]  # columns, and a row of them


def predecessors(ops: Sequence[Op]) -> dict[int, int]:
    """Return for each place in `ops` the place of the operation whose return it touches.

    Only where both are of one process. Of several that return at that time it is the last.
    """
    last: dict[int | str, int] = {}
    touching: dict[int, int] = {}
    for at in sorted(range(len(ops)), key=lambda at: ops[at].index):
        x = ops[at]
        if x.apart:
            continue
        earlier = last.get(x.process)
        if earlier is not None and ops[earlier].returned == x.invoked:
            touching[at] = earlier
        if x.returned < inf:  # one of unknown outcome may take effect at any later time
            last[x.process] = at
    return touching


def keeps_program_order(inventory: Inventory, order: Sequence[int]) -> bool:
    """Return whether an order of indexes has each process's operations as it invoked them.

    One of unknown outcome comes after those before it, and at any time after that.
    """
    of: dict[int, tuple[int | str, bool]] = {}
    for rows, row in _places(inventory):
        of[rows.index[row]] = rows.process[row], bool(rows.returned)
    latest: dict[int | str, int] = {}
    for index in order:
        if index in inventory.apart:
            continue
        process, returned = of[index]
        last = latest.get(process, index)
        if returned and index < last:
            return False
        latest[process] = max(last, index)
    return True


def tightened(inventory: Inventory) -> Inventory:
    """Return the inventory with touching operations of one process parted: a sufficient condition.

    Each moment becomes several. An operation that touches no other of its process still spans them
    all. Those of one process take one after the other, so they may be parted from those of another
    process as well: what has an order here has one, but not the other way round.
    """
    last: dict[int | str, tuple[Place, int]] = {}  # operations, and their moments within a time
    levels: dict[int, int] = {}  # moments of invocations, by index
    left: dict[int, int] = {}  # moments of returns, by index
    most = 1
    for rows, row in _in_program_order(inventory):
        process = rows.process[row]
        before = last.get(process)
        moment = 0
        if before is not None:
            (earlier, at), level = before
            if earlier.returned[at] == rows.invoked[row]:
                # An operation without length stays at the moment at which it was invoked.
                begun = earlier.invoked[at] == earlier.returned[at]
                left[earlier.index[at]] = level if begun else 0
                moment = levels[rows.index[row]] = left[earlier.index[at]] + 1
                most = max(most, moment + 1)
        if rows.returned:
            last[process] = ((rows, row), moment)
    return replace(
        inventory,
        sold=_parted(inventory.sold, levels, left, most),
        maybe=_parted(inventory.maybe, levels, left, most),
        refunded=_parted(inventory.refunded, levels, left, most),
        maybe_refunded=_parted(inventory.maybe_refunded, levels, left, most),
        searches=_parted(inventory.searches, levels, left, most),
        sold_outs=_parted(inventory.sold_outs, levels, left, most),
    )


def _parted(rows: Rows, levels: dict[int, int], left: dict[int, int], most: int) -> Rows:
    return replace(
        rows,
        invoked=[
            time * most + levels.get(index, 0)
            for time, index in zip(rows.invoked, rows.index, strict=True)
        ],
        returned=[
            time * most + left.get(index, most - 1)
            for time, index in zip(rows.returned, rows.index[: len(rows.returned)], strict=True)
        ],
    )


def _in_program_order(inventory: Inventory) -> list[Place]:
    apart = inventory.apart
    places = _places(inventory)
    if apart:
        places = (place for place in places if place[0].index[place[1]] not in apart)
    return sorted(places, key=lambda place: place[0].index[place[1]])


def invocations(inventory: Inventory) -> dict[int | str, list[int]]:
    """Return the indexes of each process's invocations, in its program's order."""
    found: dict[int | str, list[int]] = {}
    for rows, row in sorted(_places(inventory), key=lambda place: place[0].index[place[1]]):
        found.setdefault(rows.process[row], []).append(rows.index[row])
    return found


def _places(inventory: Inventory) -> Iterator[Place]:
    for rows in (
        inventory.sold, inventory.maybe, inventory.refunded, inventory.maybe_refunded,
        inventory.searches, inventory.sold_outs,
    ):  # fmt: skip
        for row in range(len(rows.invoked)):
            yield rows, row
