"""Find what convicts for certain, before anything that takes memory for each ticket.

Orders of several quantities may sell more tickets than fit into memory one by one. That more was
sold than there was, and that a count rose, is seen without taking the orders apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from booking.checker.certificate import Certificate, verify
from booking.checker.counter.certify import certify, out_of_range
from booking.checker.counter.reduction import Constraints, Counter
from booking.checker.counter.slot_matching import HallViolator
from booking.checker.operations import Op, operations


def certain_fault(counter: Counter, constraints: Constraints) -> Certificate | None:
    """Return the proof of a fault that sums and two observations show; None proves nothing."""
    impossible = out_of_range(counter, constraints)
    if impossible is not None:
        return impossible
    for violator in _sums(counter, constraints):
        proof = certify(violator, counter, constraints)
        if _holds(proof, counter):
            return proof
    return None


def rise(counter: Counter, constraints: Constraints) -> Certificate | None:
    """Return two operations, the later of which proves more tickets than the earlier one left."""
    tickets, unit = counter.tickets, counter.unit
    ops = list(operations(counter.inventory, counter.numbers, constraints))
    ended = sorted((x for x in ops if x.high is not None), key=lambda x: x.returned)
    lowest: Op | None = None
    fewest: float = inf
    place = 0
    for x in sorted((x for x in ops if x.low is not None), key=lambda x: x.invoked):
        while place < len(ended) and ended[place].returned < x.invoked:
            left = ended[place].left_at_most or 0
            if left < fewest:
                lowest, fewest = ended[place], left
            place += 1
        # What is between two counts that can occur is rounded as the proof's own check does.
        if lowest is not None and fewest < (x.low or 0):
            proof = Certificate(
                "rose", lowest, x, key=counter.inventory.key, constraints=constraints
            )
            if verify(proof, tickets, unit, ()):
                return proof
    return None


def _sums(counter: Counter, constraints: Constraints) -> Iterator[HallViolator]:
    """Yield the slots for which there are too many sales in all, or too few."""
    inventory, tickets = counter.inventory, counter.tickets
    sold, maybe = sum(inventory.sold.quantity), sum(inventory.maybe.quantity)
    remaining = inventory.remaining if constraints.end else None
    if sold > tickets and not constraints.sales_optional:
        yield HallViolator("overfull", 1, tickets // counter.unit)
    if remaining is None:
        return
    fell = counter.units_sold(remaining)
    if sold > tickets - remaining and not constraints.sales_optional:
        yield HallViolator("overfull", 1, fell)
    if sold + maybe < tickets - remaining and not inventory.unlogged:
        yield HallViolator("starved", 1, fell)


def _holds(proof: Certificate, counter: Counter) -> bool:
    ops = operations(counter.inventory, counter.numbers, proof.constraints)
    return verify(proof, counter.tickets, counter.unit, ops)
