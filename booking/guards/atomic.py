"""`atomic`: the store checks and takes in one effect; no buyer can come in between."""

from __future__ import annotations

from typing import cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import AtomicStore
from booking.core.protocols import Order, Reply, Store
from booking.core.steps import network
from booking.guards.common.replies import sold_or_refused


class AtomicGuard(BaseGuard):
    """UPDATE … SET n = n − q WHERE n ≥ q, or a script of Redis: check and take are one effect.

    Needs a store that can. Costs one round trip; no buyer ever waits for another's network.
    """

    needs = AtomicStore
    sound = True
    crash_safe = True  # nothing is held between statements

    def sell(self, store: Store, order: Order) -> Reply:
        """Take the tickets; refuse the order where too few are left."""
        network()
        return sold_or_refused(cast("AtomicStore", store).take(order.quantity))
