"""`pool`: one row or token for each ticket, so that buyers need not share one counter."""

from __future__ import annotations

from typing import ClassVar, cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import TicketPool
from booking.core.protocols import Order, Reply, Store
from booking.core.steps import network
from booking.guards.common.replies import sold_or_refused


class PoolGuard(BaseGuard):
    """take any free ticket: SELECT … FOR UPDATE SKIP LOCKED LIMIT q, or RPOP of Redis.

    Needs a pool. Costs a row for each ticket. No buyer waits for another, and seats come in any
    order. Counting what is left means counting rows.
    """

    needs = TicketPool
    sound = True
    crash_safe = True  # nothing is held between statements
    tickets_max: ClassVar[int] = 100_000  # of a sale that is measured: each is a row
    numbers: ClassVar[str] = "seat"  # a bought number is a seat, and no count

    def arrange(self, store: Store) -> None:
        """Make a row or token of each ticket."""
        cast("TicketPool", store).open_pool()

    def sell(self, store: Store, order: Order) -> Reply:
        """Claim seats; refuse the order where too few are free."""
        network()
        return sold_or_refused(cast("TicketPool", store).claim(order.buyer, order.quantity))
