"""`optimistic`: write only over what was read; a buyer that was too late tries again."""

from __future__ import annotations

from typing import cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import VersionedStore
from booking.core.protocols import Kit, Order, Reply, Store
from booking.core.steps import network
from booking.guards.common.replies import NO_TICKETS, TOO_MANY_CONFLICTS
from booking.guards.common.retry import attempts


class OptimisticGuard(BaseGuard):
    """read n, version; check; set n − q if the version is the same, else again from the start.

    Needs versions (a column, or WATCH of Redis). Costs nothing without collisions, and a whole
    purchase for each collision; after 50 attempts the order fails, though tickets may be left.
    """

    needs = VersionedStore
    sound = True
    crash_safe = True  # nothing is held between statements

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def sell(self, store: Store, order: Order) -> Reply:
        """Try until no other buyer wrote in between, or too often one did."""
        versioned = cast("VersionedStore", store)
        for _ in attempts(self._kit):
            remaining, version = versioned.read_versioned()
            network()
            if remaining < order.quantity:
                return NO_TICKETS
            if versioned.compare_and_set(version, remaining - order.quantity):
                return Reply("ok", remaining)
        return TOO_MANY_CONFLICTS
