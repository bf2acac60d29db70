"""Guards that raise an error instead of selling ticket 2: it means the same in every mode."""

from __future__ import annotations

from typing import ClassVar

from booking.core.protocols import Order, Reply, Store
from booking.errors import MalformedError, UnavailableError, UncertainError
from booking.guards.common.replies import NO_LOCK, NO_TICKETS
from booking.guards.lock import LockGuard


class Fails(LockGuard):
    """Has a mistake in it."""

    error: ClassVar[type[Exception]] = RuntimeError

    def sell(self, store: Store, order: Order) -> Reply:
        if not self._lock.acquire(self._timeout_s):
            return NO_LOCK
        try:
            remaining = store.read()
            if remaining == 2:
                raise self.error("so it is")
            store.write(max(0, remaining - order.quantity))
            return Reply("ok", ticket=remaining) if remaining else NO_TICKETS
        finally:
            self._lock.release()


class Busy(Fails):
    """The store was busy: nothing has happened."""

    error = UnavailableError


class Uncertain(Fails):
    """The answer was lost: it may have happened."""

    error = UncertainError


class Torn(Fails):
    """The store held half a write."""

    error = MalformedError
