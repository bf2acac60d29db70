"""`lock`: the purchase inside a lock. Searching stays outside: it changes nothing."""

from __future__ import annotations

from booking.core.protocols import Kit, Order, Reply, Store
from booking.errors import UsageError
from booking.guards.common.read_check_write import read_check_write


class LockGuard:
    """acquire; read n, check n ≥ q, write n − q; release.

    Needs a lock, and that everybody who writes takes it. Costs that everybody waits for the
    network of whoever is inside; what becomes of a holder that dies is the lock's own fact.
    """

    needs = Store
    sound = True

    def __init__(self, kit: Kit) -> None:
        if kit.lock is None:
            raise UsageError("guard lock needs a lock; give --lock=NAME")
        self._lock = kit.lock
        self._timeout_s = kit.acquire_timeout_s

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out the purchase while nobody else can."""
        if not self._lock.acquire(self._timeout_s):
            return Reply("fail", error="lock-timeout")
        try:
            return read_check_write(store, order)
        finally:
            self._lock.release()
