"""`row-lock`: the purchase inside a transaction that holds the row from the reading on."""

from __future__ import annotations

from typing import cast

from booking.core.protocols import SOLD_OUT, Order, Reply, RowLockingStore, Store
from booking.core.steps import network


class RowLockGuard:
    """BEGIN; SELECT n FOR UPDATE; check; UPDATE n; COMMIT. (SQLite: BEGIN IMMEDIATE.)

    Needs locks on rows. Costs what a lock costs: everybody waits for the network of whoever is
    inside, and a connection each while they wait. A holder that dies is rolled back.
    """

    needs = RowLockingStore
    sound = True
    crash_safe = True  # the server undoes what was not committed

    def sell(self, store: Store, order: Order) -> Reply:
        """Read, check and write while nobody else can."""
        locking = cast("RowLockingStore", store)
        remaining = locking.read_locked()
        if remaining is None:
            return Reply("fail", error="lock-timeout")
        network()
        if remaining < order.quantity:
            locking.commit()
            return Reply("fail", error=SOLD_OUT)
        store.write(remaining - order.quantity)
        locking.commit()
        return Reply("ok", remaining)
