"""Reduce an inventory to the slot problem that `slot_matching` solves: from tickets to units.

With orders of one quantity q, the counts that can occur are tickets, tickets − q, …. Dividing by
q makes the inventory a counter of single units, exactly.

With several quantities the unit is their greatest common divisor, and each order becomes that many
single sales over the same interval. An order of the whole is an order of its parts, so what no
parts can do the whole cannot. That is a necessary condition, and no longer a sufficient one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from math import gcd

from booking.checker.counter.slot_matching import SlotProblem
from booking.checker.reading.inventory import Inventory, Numbers, Orders

SINGLE_SALES_MAX = 4_000_000  # that orders of several quantities are divided into, at most


@dataclass(frozen=True, slots=True)
class Constraints:
    """What the order of a history must agree with; dropping one tells whether it is at fault."""

    searches: bool = True
    sold_outs: bool = True
    numbers: bool = True
    end: bool = True
    sales_optional: bool = False


ALL_CONSTRAINTS = Constraints()


@dataclass(frozen=True, slots=True)
class Counter:
    """An inventory's counter: its operations, its first count, and by how much it can fall.

    `unit` divides every quantity (`unit_of`). `numbers` states what the sales' numbers mean.
    """

    inventory: Inventory
    tickets: int
    unit: int
    numbers: Numbers

    @property
    def is_mixed(self) -> bool:
        """Whether some order is of more than one unit."""
        orders = (self.inventory.sold, self.inventory.maybe)
        return any(max(rows.quantity, default=self.unit) > self.unit for rows in orders)

    @property
    def has_too_many_single_sales(self) -> bool:
        """Whether dividing the orders into units would not fit into memory."""
        quantities = chain(self.inventory.sold.quantity, self.inventory.maybe.quantity)
        singles = sum(quantities) // self.unit
        if self.inventory.unlogged:
            singles += self.tickets - self.least_seen
        return singles > SINGLE_SALES_MAX

    @property
    def least_seen(self) -> int:
        """The least count that was observed; the count at the start where none was."""
        inventory = self.inventory
        counts = [self.tickets, *inventory.searches.value]
        counts += [number for number in inventory.sold.number if isinstance(number, int)]
        counts += [0] if inventory.sold_outs.value else []
        counts += [] if inventory.remaining is None else [inventory.remaining]
        return min(counts)

    def units_sold(self, count: int) -> int:
        """Return the units sold when `count` is left, rounded down."""
        return (self.tickets - count) // self.unit

    def units_sold_below(self, quantity: int) -> int:
        """Return the units that are sold at least when less than `quantity` is left."""
        return -((quantity - 1 - self.tickets) // self.unit)  # rounded up


def unit_of(inventory: Inventory) -> int:
    """Return the greatest number of tickets that divides every order (1 where there is none)."""
    if inventory.unlogged:
        return 1  # orders that no log shows may have been of any quantity
    unit = 0
    for rows in (inventory.sold, inventory.maybe, inventory.refunded, inventory.maybe_refunded):
        unit = gcd(unit, *set(rows.quantity))
    return unit or 1


@dataclass(frozen=True, slots=True)
class Clock:
    """Three times that no operation of an inventory has."""

    before_all: int
    end: int
    never: int

    @classmethod
    def of(cls, inventory: Inventory) -> Clock:
        """Find the times around all operations."""
        columns = [
            column
            for rows in (
                inventory.sold, inventory.maybe, inventory.searches, inventory.sold_outs
            )
            for column in (rows.invoked, rows.returned)
            if column
        ]  # fmt: skip
        first = min(map(min, columns), default=0)
        last = max(map(max, columns), default=0)
        return cls(first - 1, last + 1, last + 2)


def slot_problem(counter: Counter, constraints: Constraints) -> SlotProblem:
    """Build the slot problem; every observation must be possible (`certificate.out_of_range`)."""
    inventory, tickets, unit = counter.inventory, counter.tickets, counter.unit
    clock = Clock.of(inventory)
    capacity = tickets // unit
    problem = SlotProblem(
        capacity, clock.before_all, clock.never, sales_optional=constraints.sales_optional
    )
    _add_sales(problem, counter, constraints)
    problem.unknown = _single_sales(inventory.maybe.invoked, inventory.maybe.quantity, unit)
    if constraints.searches:
        rows = inventory.searches
        problem.seen_invoked += rows.invoked
        problem.seen_returned += rows.returned
        if unit == 1:
            sold = [tickets - value for value in rows.value]
        else:
            sold = [counter.units_sold(value) for value in rows.value]
        problem.seen_least += sold
        problem.seen_most += sold
    if constraints.sold_outs:
        for quantity, returned in _earliest_sold_outs(inventory).items():
            # Fewer than `quantity` were left. The earliest sold-out proves most, since there are
            # never more tickets again; and for the same reason its invocation proves nothing.
            problem.seen_invoked.append(clock.before_all)
            problem.seen_returned.append(returned)
            problem.seen_least.append(max(0, counter.units_sold_below(quantity)))
            problem.seen_most.append(capacity)
    if constraints.end and inventory.remaining is not None:
        problem.seen_invoked.append(clock.end)
        problem.seen_returned.append(clock.end)
        problem.seen_least.append(counter.units_sold(inventory.remaining))
        problem.seen_most.append(counter.units_sold(inventory.remaining))
    if inventory.unlogged:
        # Orders that no log shows may have filled every slot that must be filled, at any time.
        must = max(chain(problem.seen_least, problem.pinned), default=0)
        problem.unknown = [clock.before_all] * must + problem.unknown
    return problem


def _earliest_sold_outs(inventory: Inventory) -> dict[int, int]:
    """Return the earliest return of a sold-out for each quantity ordered."""
    earliest: dict[int, int] = {}
    rows = inventory.sold_outs
    if len(set(rows.value)) == 1:
        return {rows.value[0]: min(rows.returned)}
    for quantity, returned in zip(rows.value, rows.returned, strict=True):
        earliest[quantity] = min(returned, earliest.get(quantity, returned))
    return earliest


def _add_sales(problem: SlotProblem, counter: Counter, constraints: Constraints) -> None:
    """Add the sales: one with a number is pinned to its slot, any other is to be matched."""
    sold, unit = counter.inventory.sold, counter.unit
    numbers: Numbers = counter.numbers if constraints.numbers else "none"
    if not has_pinned_sales(sold, numbers):
        problem.invoked = _single_sales(sold.invoked, sold.quantity, unit)
        problem.returned = _single_sales(sold.returned, sold.quantity, unit)
        return
    simple = numbers == "before" and unit == 1 and max(sold.quantity) == 1
    if simple and None not in sold.number:
        tickets = counter.tickets
        problem.pinned = [tickets - number + 1 for number in sold.number if isinstance(number, int)]
        problem.pinned_invoked = sold.invoked
        problem.pinned_returned = sold.returned
        return
    for number, quantity, invoked, returned in zip(
        sold.number, sold.quantity, sold.invoked, sold.returned, strict=True
    ):
        before = count_before(number, quantity, numbers)
        for single_sale in range(quantity // unit):
            if before is None:
                problem.invoked.append(invoked)
                problem.returned.append(returned)
            else:
                problem.pinned.append(counter.units_sold(before) + 1 + single_sale)
                problem.pinned_invoked.append(invoked)
                problem.pinned_returned.append(returned)


def has_pinned_sales(sold: Orders, numbers: Numbers) -> bool:
    """Return whether some sale answered a number that tells the count."""
    return numbers in {"before", "after"} and any(n is not None for n in sold.number)


def count_before(number: int | str | None, quantity: int, numbers: Numbers) -> int | None:
    """Return the count before a sale, where the number it answered tells that."""
    if not isinstance(number, int) or numbers in {"seat", "none"}:
        return None
    return number if numbers == "before" else number + quantity


def _single_sales(times: list[int], quantities: list[int], unit: int) -> list[int]:
    """Repeat each order's time for each unit of it."""
    if not quantities or max(quantities) == unit:
        return times
    return [
        time
        for time, quantity in zip(times, quantities, strict=True)
        for _ in range(quantity // unit)
    ]
