"""`compensate`: take first, check afterwards, and put back what was too much."""

from __future__ import annotations

from typing import cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import CountingStore
from booking.core.protocols import Order, Reply, Store
from booking.core.steps import network
from booking.guards.common.replies import NO_TICKETS


class CompensateGuard(BaseGuard):
    """n = n − q; if n < 0: n = n + q, sold out. Unsound: what is put back was gone meanwhile.

    Needs a counter (DECRBY). It never oversells. But a large order that is about to put its
    tickets back hides them from a small one (a phantom sold-out), and searches see counts below 0.
    A buyer that dies before it puts back loses tickets. Costs one round trip, two at the end.
    """

    needs = CountingStore
    sound = False

    def sell(self, store: Store, order: Order) -> Reply:
        """Take, and put back what should not have been taken."""
        counting = cast("CountingStore", store)
        network()
        after = counting.add(-order.quantity)
        if after >= 0:
            return Reply("ok", after + order.quantity)
        counting.add(order.quantity)
        return NO_TICKETS
