"""Guards that raise an error instead of selling ticket 2, and stores that fail around a sale."""

from __future__ import annotations

import multiprocessing
from typing import Any, ClassVar

from booking.core.protocols import Order, Reply, Store
from booking.core.steps import step
from booking.errors import MalformedError, UnavailableError, UncertainError
from booking.guards.common.replies import NO_LOCK, NO_TICKETS
from booking.guards.lock import LockGuard
from tests.support.shops import Shop


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


class ClosesBadly(Shop):
    """Cannot be closed."""

    def close(self) -> None:
        raise ValueError("open orders")


class ClosesBadlyInBuyers(Shop):
    """Cannot be closed where it was read."""

    was_read = False

    def read(self) -> int:
        self.was_read = multiprocessing.parent_process() is not None
        return super().read()

    def close(self) -> None:
        if self.was_read:
            raise ValueError("open orders")


class Exits(Shop):
    """Ends its program, and says that all is well."""

    def read(self) -> int:
        step("read", self.resource)
        raise SystemExit(0)


class StepsWithoutName(Shop):
    """Its step has no name."""

    def read(self) -> int:
        step(None, None)  # type: ignore[arg-type]  # planted
        return super().read()


class CountsInText(Shop):
    """Its count is a text."""

    def read(self) -> Any:
        return str(super().read())
