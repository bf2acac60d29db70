"""Hold one inventory with the proof that it is impossible, and look for other proofs of parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from math import inf
from typing import Protocol

from booking.checker.certificate import Certificate
from booking.checker.counter.reduction import ALL_CONSTRAINTS, Constraints, Counter
from booking.checker.operations import Op, operations
from booking.checker.reading.inventory import Inventory, Observations
from booking.checker.rules.causes import StepsByProcess

SALES_AND_END = Constraints(searches=False, sold_outs=False, numbers=False)
SALES_ALONE = Constraints(searches=False, sold_outs=False, numbers=False, end=False)
NUMBERED_SALES = Constraints(searches=False, sold_outs=False, end=False)


class Refute(Protocol):
    """Prove that no order satisfies the constraints; None where one does.

    `part` is the inventory without some of its operations.
    """

    def __call__(
        self, constraints: Constraints, part: Inventory | None = None
    ) -> Certificate | None:
        """Return the proof."""


@dataclass(frozen=True, slots=True)
class RefutedInventory:
    """One inventory with the proof that it is impossible, and how to look for other proofs."""

    counter: Counter
    steps: StepsByProcess
    refute: Refute
    proof: Certificate

    @property
    def inventory(self) -> Inventory:
        """Its operations."""
        return self.counter.inventory

    @property
    def tickets(self) -> int:
        """The count at the start."""
        return self.counter.tickets

    @property
    def sold(self) -> int:
        """Tickets certainly sold."""
        return sum(self.inventory.sold.quantity)

    @property
    def maybe(self) -> int:
        """Tickets of orders with an unknown outcome."""
        return sum(self.inventory.maybe.quantity)

    @property
    def remaining(self) -> int | None:
        """The count at the end: as it was read, or as the last search after all sales saw it."""
        if self.inventory.remaining is not None:
            return self.inventory.remaining
        last = self.last_search
        return None if last is None else self.inventory.searches.value[last]

    @property
    def last_search(self) -> int | None:
        """The row of the search that began after all orders were over, if there is one."""
        searches, sold = self.inventory.searches, self.inventory.sold
        rows = range(len(searches.invoked))
        last = max(rows, key=searches.invoked.__getitem__, default=None)
        if last is None or self.inventory.maybe.invoked:
            return None
        return last if searches.invoked[last] > max(sold.returned, default=-inf) else None

    @property
    def last_count(self) -> Op | None:
        """The operation that shows `remaining`."""
        if self.inventory.remaining is not None:
            return next(x for x in self.ops() if x.what == "end")
        last = self.last_search
        if last is None:
            return None
        index = self.inventory.searches.index[last]
        return next(x for x in self.ops() if x.index == index)

    def sold_more_than(self, fell: int) -> list[Op]:
        """Return the fewest sales that took more tickets than a count fell by."""
        chosen: list[Op] = []
        for x in sorted(self.ops(SALES_ALONE), key=lambda x: -x.quantity):
            if x.what == "buy" and fell >= 0:
                chosen.append(x)
                fell -= x.quantity
        return chosen

    def refute_end(self) -> Certificate | None:
        """Prove that sales and the count at the end do not agree, as `remaining` has it."""
        if self.inventory.remaining is not None or self.last_search is None:
            return self.refute(SALES_AND_END)
        searches = only(self.inventory.searches, self.last_search)
        part = replace(self.inventory, searches=searches)
        return self.refute(Constraints(sold_outs=False, numbers=False), part)

    def ops(self, constraints: Constraints = ALL_CONSTRAINTS) -> Iterator[Op]:
        """Return the operations."""
        return operations(self.inventory, self.counter.numbers, constraints)


def only(rows: Observations, *chosen: int) -> Observations:
    """Return some rows alone."""
    columns = {column.name: getattr(rows, column.name) for column in fields(rows)}
    return Observations(
        **{name: [column[row] for row in chosen] for name, column in columns.items()}
    )
