"""`atomic`: the store checks and takes in one effect; there is no gap to come in between."""

from __future__ import annotations

from typing import cast

from booking.core.protocols import SOLD_OUT, AtomicStore, Order, Reply, Store
from booking.core.steps import network


class AtomicGuard:
    """UPDATE … SET n = n − q WHERE n ≥ q, or a script of Redis: check and take are one effect.

    Needs a store that can; costs one round trip, and no buyer ever waits for another's network.
    """

    needs = AtomicStore
    sound = True
    crash_safe = True  # nothing is held between statements

    def sell(self, store: Store, order: Order) -> Reply:
        """Take the tickets, or learn that there are too few."""
        network()
        before = cast("AtomicStore", store).take(order.quantity)
        return Reply("fail", error=SOLD_OUT) if before is None else Reply("ok", before)
