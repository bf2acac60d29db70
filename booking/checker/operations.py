"""One operation as certificates and orders see it: its interval, and the counts that it proves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Literal

import msgspec

from booking.checker.counter.reduction import Constraints, count_before
from booking.checker.reading.inventory import Inventory, Numbers, Observations, Orders, Program
from booking.history.model import HARNESS

What = Literal["buy", "maybe", "search", "sold-out", "end", "refund", "maybe-refund"]

END_INDEX = -1  # of the count at the end, which no event of the history observed


class Op(msgspec.Struct, frozen=True, gc=False):
    """One operation; `inf` is later than every time.

    `high` and `low` bound the count that it proves. For a search and a sold-out that is the
    count at some moment of it. For a sale that answered a number it is the count before it, and
    both are alike.
    """

    what: What
    process: int | str
    index: int
    done: int | None  # index of the completion, if there is one
    invoked: float
    returned: float
    quantity: int = 0
    low: int | None = None
    high: int | None = None
    seat: int | str | None = None  # which ticket it is about, where tickets have names
    recorded: int | None = None  # what the history has, where that is not `low`
    attempts: Program | None = None  # None: one process invoked it, once

    @property
    def program(self) -> Program:
        """Its place in the programs of processes."""
        place = self.process, self.index
        return self.attempts or Program(place, place)

    @property
    def left_at_least(self) -> int | None:
        """The count that was there when it began, at the least."""
        return self.low

    @property
    def left_at_most(self) -> int | None:
        """The count that was there when it had returned, at the most."""
        return None if self.high is None else self.high - self.quantity

    @property
    def gives_back(self) -> bool:
        """Whether it is a refund, certain or of unknown outcome."""
        return self.what in {"refund", "maybe-refund"}


def operations(inventory: Inventory, numbers: Numbers, constraints: Constraints) -> Iterator[Op]:
    """Return an inventory's operations, as far as `constraints` includes them."""
    numbers = numbers if constraints.numbers else "none"
    yield from _orders("buy", inventory.sold, numbers, inventory.programs)
    yield from _orders("maybe", inventory.maybe, "none", inventory.programs)
    if constraints.searches:
        tickets = inventory.tickets if inventory.counts_up else None
        yield from _observations("search", inventory.searches, tickets)
    if constraints.sold_outs:
        yield from _observations("sold-out", inventory.sold_outs)
    if constraints.end and inventory.remaining is not None:
        left = inventory.remaining
        recorded = (inventory.tickets or 0) - left if inventory.counts_up else None
        yield Op("end", HARNESS, END_INDEX, None, inf, inf, 0, left, left, None, recorded)


def refunds(inventory: Inventory) -> Iterator[Op]:
    """Return the orders that gave tickets back, for certain or perhaps."""
    yield from _orders("refund", inventory.refunded, "seat")
    yield from _orders("maybe-refund", inventory.maybe_refunded, "seat")


def all_operations(
    inventory: Inventory, numbers: Numbers, constraints: Constraints
) -> Iterator[Op]:
    """Return an inventory's operations with its refunds."""
    yield from operations(inventory, numbers, constraints)
    yield from refunds(inventory)


def without_answer(x: Op) -> Op:
    """Return a sale as if it had not been told its number."""
    if x.what != "buy" or x.high is None:
        return x
    return msgspec.structs.replace(x, low=None, high=None)


def sale_op(inventory: Inventory, row: int) -> Op:
    """Return one row of the certain sales; its counts are the number as it was answered."""
    rows = inventory.sold
    number = rows.number[row]
    count = number if isinstance(number, int) else None  # text names a seat
    return Op(
        "buy", rows.process[row], rows.index[row], rows.done[row], rows.invoked[row],
        rows.returned[row], rows.quantity[row], count, count,
    )  # fmt: skip


def torn_read_op(inventory: Inventory, row: int) -> Op:
    """Return one row of the torn reads, which prove no count."""
    rows = inventory.torn
    return Op(
        "search", rows.process[row], rows.index[row], rows.done[row], rows.invoked[row],
        rows.returned[row],
    )  # fmt: skip


def _orders(
    what: What, rows: Orders, numbers: Numbers, programs: Mapping[int, Program] | None = None
) -> Iterator[Op]:
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
        before = count_before(number, quantity, numbers)
        seat = number if numbers == "seat" else None
        recorded = number if numbers == "after" and isinstance(number, int) else None
        yield Op(
            what, process, index, done, invoked, end, quantity, before, before, seat, recorded,
            None if programs is None else programs.get(index),
        )  # fmt: skip


def _observations(what: What, rows: Observations, counted_from: int | None = None) -> Iterator[Op]:
    sold_out = what == "sold-out"
    for value, process, index, done, invoked, returned in zip(
        rows.value, rows.process, rows.index, rows.done, rows.invoked, rows.returned, strict=True
    ):
        low, high = (0, value - 1) if sold_out else (value, value)
        recorded = None if counted_from is None else counted_from - value
        yield Op(what, process, index, done, invoked, returned, 0, low, high, None, recorded)
