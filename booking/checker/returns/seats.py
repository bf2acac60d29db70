"""Check named tickets: each seat alone is a counter with one ticket (locality).

A sale holds its seat for certain from its answer to the call of the refund that ends it. Two that
hold it at one time are a double sale. A refund that does not name its seat may be of any one, and
so may an order of unknown outcome.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from booking.checker.certificate import Certificate
from booking.checker.counter.reduction import ALL_CONSTRAINTS
from booking.checker.operations import Op, all_operations
from booking.checker.reading.inventory import Inventory
from booking.checker.returns.balance import Running
from booking.checker.returns.excess import Stock, too_high, too_low


def refute_seats(inventory: Inventory) -> Certificate | None:
    """Return the earliest proof that a seat was sold twice, or came back unsold; O(n log n)."""
    if not _is_any_in_doubt(inventory):
        return None
    by_seat: dict[int | str, list[Op]] = {}
    refunds: list[Op] = []  # of a seat that is not known
    orders: list[Op] = []
    for x in all_operations(inventory, "seat", ALL_CONSTRAINTS):
        if x.seat is not None:
            by_seat.setdefault(x.seat, []).append(replace(x, quantity=1))
        unnamed = x.quantity if x.seat is None else x.quantity - 1
        if unnamed:
            (refunds if x.gives_back else orders).append(replace(x, seat=None, quantity=unnamed))
    coming, going = Running(refunds), Running(orders)
    proofs: list[Certificate] = []
    for seat, own in by_seat.items():
        stock = Stock(1, 1, inventory.key, seat)
        if len(own) > 1 or own[0].gives_back:
            found = too_high(own, stock, refunds, coming) or too_low(own, stock, orders, going)
            proofs += [found] if found else []
    return min(proofs, key=lambda proof: _latest(proof.members), default=None)


def _is_any_in_doubt(inventory: Inventory) -> bool:
    """Return whether some seat occurs more than once, or came back."""
    sold = [seat for seat in inventory.sold.number if seat is not None]
    named = (inventory.refunded.number, inventory.maybe_refunded.number)
    return len(set(sold)) < len(sold) or any(seat is not None for row in named for seat in row)


def _latest(ops: Iterable[Op]) -> float:
    return max(x.returned for x in ops)
