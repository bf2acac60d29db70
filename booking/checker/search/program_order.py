"""Keep the order of one process's operations, also where their times touch.

Intervals that touch are concurrent, as clocks are coarse. Two operations of one process never are:
the later one was invoked after the earlier one had completed, though the clock shows one time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import TypeVar

from booking.checker.operations import Op
from booking.checker.reading.inventory import Inventory, Observations, Orders, Program

Rows = TypeVar("Rows", Orders, Observations)
Place = tuple[Orders | Observations, int]  # columns, and a row of them


def predecessors(ops: Sequence[Op]) -> dict[int, tuple[int, ...]]:
    """Return for each place in `ops` the places of the operations whose return it touches.

    Only where they are of one process. Of several that return at that time it is the last, and
    the purchases that other processes had begun.
    """
    last: dict[int | str, tuple[int, ...]] = {}
    touching: dict[int, tuple[int, ...]] = {}
    for _, is_end, at in sorted(_ends_of(ops)):
        x = ops[at]
        if is_end:
            process = x.program.end[0]
            last[process] = (at,) if x.attempts is None else (*last.get(process, ()), at)
        elif x.program.begin is not None:
            earlier = last.get(x.program.begin[0], ())
            if touched := tuple(row for row in earlier if ops[row].returned == x.invoked):
                touching[at] = touched
    return touching


def _ends_of(ops: Sequence[Op]) -> Iterator[tuple[int, bool, int]]:
    """Yield where operations begin and end in their programs: index, which of both, and place."""
    for at, x in enumerate(ops):
        begin, end = (x.index, x.index) if x.attempts is None else _indexes(x.attempts)
        yield begin, False, at
        if x.returned < inf:  # one of unknown outcome may take effect at any later time
            yield end, True, at


def _indexes(attempts: Program) -> tuple[int, int]:
    return (attempts.begin or attempts.end)[1], attempts.end[1]


def is_in_program_order(programs: Iterable[tuple[Program, bool]]) -> bool:
    """Return whether operations come in the order in which processes invoked them.

    One of unknown outcome (False) comes after those before it, and at any time after that.
    """
    latest: dict[int | str, int] = {}
    for program, returned in programs:
        process, index = program.end
        if returned and index < latest.get(process, index):
            return False
        if program.begin is not None:
            process, index = program.begin
            latest[process] = max(index, latest.get(process, index))
    return True


def keeps_program_order(inventory: Inventory, order: Sequence[int]) -> bool:
    """Return whether an order of indexes has each process's operations as it invoked them."""
    of: dict[int, tuple[Program, bool]] = {}
    for rows, row in _places(inventory):
        place = rows.process[row], rows.index[row]
        of[rows.index[row]] = Program(place, place), bool(rows.returned)
    of |= {index: (program, True) for index, program in inventory.programs.items()}
    return is_in_program_order(of[index] for index in order)


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
    """Return the operations that one process invoked, once."""
    places = [
        place for place in _places(inventory) if place[0].index[place[1]] not in inventory.programs
    ]
    return sorted(places, key=lambda place: place[0].index[place[1]])


def _places(inventory: Inventory) -> Iterator[Place]:
    for rows in (
        inventory.sold, inventory.maybe, inventory.refunded, inventory.maybe_refunded,
        inventory.searches, inventory.sold_outs,
    ):  # fmt: skip
        for row in range(len(rows.invoked)):
            yield rows, row
