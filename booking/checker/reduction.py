"""From tickets to units sold: an inventory becomes the problem that `counter` solves.

With orders of one quantity q, the counts that can occur are tickets, tickets − q, …: dividing
makes it a counter of single units, exactly. With several quantities the unit is their greatest
common divisor and each order becomes that many single sales over the same interval. An order of
the whole is an order of its parts, so what no parts can do the whole cannot: a necessary
condition, no longer a sufficient one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from math import gcd

from booking.checker.columns import Inventory, Numbers, Orders
from booking.checker.slot_matching import Problem

PIECES_MAX = 4_000_000  # single sales that orders of several quantities are cut into, at most


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a history to look at: leaving parts out tells which of them is at fault."""

    searches: bool = True
    sold_outs: bool = True
    numbers: bool = True
    end: bool = True
    sales_optional: bool = False


ALL = Parts()


def unit_of(here: Inventory) -> int:
    """Return the greatest number of tickets that divides every order (1 where there is none)."""
    unit = 0
    for rows in (here.sold, here.maybe, here.refunded, here.maybe_refunded):
        unit = gcd(unit, *set(rows.quantity))
    return unit or 1


def is_mixed(here: Inventory, unit: int) -> bool:
    """Return whether some order is of more than one unit."""
    return any(max(rows.quantity, default=unit) > unit for rows in (here.sold, here.maybe))


def has_refunds(here: Inventory) -> bool:
    """Return whether the count can rise."""
    return bool(here.refunded.invoked or here.maybe_refunded.invoked)


def clock(here: Inventory) -> tuple[int, int, int]:
    """Return three times that no operation has: before all, at the end, and never."""
    columns = [
        column
        for rows in (here.sold, here.maybe, here.searches, here.sold_outs)
        for column in (rows.invoked, rows.returned)
        if column
    ]
    first = min(map(min, columns), default=0)
    last = max(map(max, columns), default=0)
    return first - 1, last + 1, last + 2


def problem_of(here: Inventory, tickets: int, unit: int, numbers: Numbers, parts: Parts) -> Problem:
    """Build the problem. What is seen must be possible (see `certificate.out_of_range`)."""
    before_all, end, never = clock(here)
    capacity = tickets // unit
    problem = Problem(capacity, before_all, never, sales_optional=parts.sales_optional)
    _add_sales(problem, here.sold, tickets, unit, numbers if parts.numbers else "none")
    problem.unknown = _pieces(here.maybe.invoked, here.maybe.quantity, unit)
    if parts.searches:
        seen = here.searches
        problem.seen_invoked += seen.invoked
        problem.seen_returned += seen.returned
        if unit == 1:
            sold = [tickets - value for value in seen.value]
        else:
            sold = [(tickets - value) // unit for value in seen.value]
        problem.seen_least += sold
        problem.seen_most += sold
    if parts.sold_outs:
        for quantity, returned in _earliest_sold_outs(here).items():
            # Fewer than `quantity` were left; that it was as late as its invocation says nothing
            # more, since from then on there are never more. So the earliest tells all.
            problem.seen_invoked.append(before_all)
            problem.seen_returned.append(returned)
            problem.seen_least.append(max(0, -((quantity - 1 - tickets) // unit)))
            problem.seen_most.append(capacity)
    if parts.end and here.remaining is not None:
        problem.seen_invoked.append(end)
        problem.seen_returned.append(end)
        problem.seen_least.append((tickets - here.remaining) // unit)
        problem.seen_most.append((tickets - here.remaining) // unit)
    return problem


def sold_at_least(here: Inventory) -> int:
    """Return the number of tickets certainly sold."""
    return sum(here.sold.quantity)


def too_many_pieces(here: Inventory, unit: int) -> bool:
    """Return whether cutting the orders into units would not fit into memory."""
    return sum(chain(here.sold.quantity, here.maybe.quantity)) // unit > PIECES_MAX


def _earliest_sold_outs(here: Inventory) -> dict[int, int]:
    earliest: dict[int, int] = {}
    rows = here.sold_outs
    if len(set(rows.value)) == 1:
        return {rows.value[0]: min(rows.returned)}
    for quantity, returned in zip(rows.value, rows.returned, strict=True):
        earliest[quantity] = min(returned, earliest.get(quantity, returned))
    return earliest


def _add_sales(problem: Problem, sold: Orders, tickets: int, unit: int, numbers: Numbers) -> None:
    """Share the sales out: those with a number have one slot, the others are to be placed."""
    if numbers not in {"before", "after"} or not any(n is not None for n in sold.number):
        problem.invoked = _pieces(sold.invoked, sold.quantity, unit)
        problem.returned = _pieces(sold.returned, sold.quantity, unit)
        return
    simple = numbers == "before" and unit == 1 and max(sold.quantity) == 1
    if simple and None not in sold.number:
        problem.pinned = [tickets - number + 1 for number in sold.number if number is not None]
        problem.pinned_invoked = sold.invoked
        problem.pinned_returned = sold.returned
        return
    for number, quantity, invoked, returned in zip(
        sold.number, sold.quantity, sold.invoked, sold.returned, strict=True
    ):
        before = count_before(number, quantity, numbers)
        for piece in range(quantity // unit):
            if before is None:
                problem.invoked.append(invoked)
                problem.returned.append(returned)
            else:
                problem.pinned.append((tickets - before) // unit + 1 + piece)
                problem.pinned_invoked.append(invoked)
                problem.pinned_returned.append(returned)


def count_before(number: int | None, quantity: int, numbers: Numbers) -> int | None:
    """Return the count before a sale, where the number it answered tells."""
    if number is None or numbers in {"seat", "none"}:
        return None
    return number if numbers == "before" else number + quantity


def _pieces(times: list[int], quantities: list[int], unit: int) -> list[int]:
    if not quantities or max(quantities) == unit:
        return times
    return [
        time
        for time, quantity in zip(times, quantities, strict=True)
        for _ in range(quantity // unit)
    ]
