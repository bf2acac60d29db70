"""`lock`: the purchase inside a lock. Searching stays outside: it changes nothing."""

from __future__ import annotations

from booking.core.base_classes import BaseGuard
from booking.core.protocols import Kit, Order, Reply, Store
from booking.errors import UsageError
from booking.guards.common.read_check_write import read_check_write
from booking.guards.common.replies import NO_LOCK


class LockGuard(BaseGuard):
    """acquire; read n, check n ≥ q, write n − q; release.

    Needs a lock, and every writer to take it. Costs waiting: each buyer waits for the network of
    the holder. Whether a holder's death frees the lock is the lock's own fact.
    """

    sound = True

    def __init__(self, kit: Kit) -> None:
        if kit.lock is None:
            raise UsageError("guard lock needs a lock; give --lock=NAME")
        self._lock = kit.lock
        self._timeout_s = kit.acquire_timeout_s

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out the purchase while no other buyer with this lock can."""
        if not self._lock.acquire(self._timeout_s):
            return NO_LOCK
        try:
            return read_check_write(store, order)
        finally:
            self._lock.release()
