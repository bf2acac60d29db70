"""`compensate`: take first, look afterwards, and put back what was too much."""

from __future__ import annotations

from typing import cast

from booking.core.protocols import SOLD_OUT, CountingStore, Order, Reply, Store
from booking.core.steps import network


class CompensateGuard:
    """n = n − q; if n < 0: n = n + q, sold out. Unsound: what is put back was gone meanwhile.

    Needs a counter (DECRBY). It never oversells, but a large order that is about to put its
    tickets back hides them from a small one (a phantom sold-out), searches see counts below 0,
    and whoever dies before putting back loses tickets. Costs one round trip, two at the end.
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
        return Reply("fail", error=SOLD_OUT)
