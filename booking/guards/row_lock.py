"""`row-lock`: the purchase inside a transaction that locks the row from the read on."""

from __future__ import annotations

from typing import cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import RowLockingStore
from booking.core.protocols import Order, Reply, Store
from booking.core.steps import network
from booking.guards.common.replies import NO_LOCK, NO_TICKETS


class RowLockGuard(BaseGuard):
    """BEGIN; SELECT n FOR UPDATE; check; UPDATE n; COMMIT. (SQLite: BEGIN IMMEDIATE.)

    Needs locks on rows. Costs what a lock costs: each buyer waits for the network of the holder,
    with a connection of its own meanwhile. A holder that dies is rolled back.
    """

    needs = RowLockingStore
    sound = True
    crash_safe = True  # the server undoes what was not committed

    def sell(self, store: Store, order: Order) -> Reply:
        """Read, check and write while no other buyer with this guard can."""
        locking = cast("RowLockingStore", store)
        remaining = locking.read_locked()
        if remaining is None:
            return NO_LOCK
        network()
        if remaining < order.quantity:
            locking.commit()
            return NO_TICKETS
        store.write(remaining - order.quantity)
        locking.commit()
        return Reply("ok", remaining)
