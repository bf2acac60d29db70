"""`optimistic`: write only over what was read; whoever was too late tries again."""

from __future__ import annotations

from typing import cast

from booking.core.protocols import SOLD_OUT, Kit, Order, Reply, Store, VersionedStore
from booking.core.steps import network
from booking.guards.common.retry import GAVE_UP, attempts


class OptimisticGuard:
    """read n, version; check; set n − q if the version is the same, else again from the start.

    Needs versions (a column, or WATCH of Redis). Costs nothing while nobody collides, and a whole
    purchase for each collision; after 50 attempts the order fails, though tickets may be left.
    """

    needs = VersionedStore
    sound = True
    crash_safe = True  # nothing is held between statements

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def sell(self, store: Store, order: Order) -> Reply:
        """Try until nobody came in between, or too often somebody did."""
        versioned = cast("VersionedStore", store)
        for _ in attempts(self._kit):
            remaining, version = versioned.read_versioned()
            network()
            if remaining < order.quantity:
                return Reply("fail", error=SOLD_OUT)
            if versioned.compare_and_set(version, remaining - order.quantity):
                return Reply("ok", remaining)
        return Reply("fail", error=GAVE_UP)
