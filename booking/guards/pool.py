"""`pool`: one row or token for each ticket, so that buyers need not meet on one counter."""

from __future__ import annotations

from typing import ClassVar, cast

from booking.core.protocols import SOLD_OUT, Order, Reply, Store, TicketPool
from booking.core.steps import network


class PoolGuard:
    """take any free ticket: SELECT … FOR UPDATE SKIP LOCKED LIMIT q, or RPOP of Redis.

    Needs a pool. Costs a row for each ticket, and nobody waits for anybody; seats come in any
    order. Counting what is left means counting rows.
    """

    needs = TicketPool
    sound = True
    crash_safe = True  # nothing is held between statements
    tickets_max: ClassVar[int] = 100_000  # of a sale that is measured: each is a row
    numbers: ClassVar[str] = "seat"  # what is sold is a seat, and no count

    def arrange(self, store: Store) -> None:
        """Make a token of each ticket."""
        cast("TicketPool", store).open_pool()

    def sell(self, store: Store, order: Order) -> Reply:
        """Claim seats."""
        network()
        seat = cast("TicketPool", store).claim(order.buyer, order.quantity)
        return Reply("fail", error=SOLD_OUT) if seat is None else Reply("ok", seat)
