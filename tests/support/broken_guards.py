"""A guard for each fact of its contract: broken in that, and in little else."""

from __future__ import annotations

import time
from typing import ClassVar, Protocol, runtime_checkable

from booking.core.protocols import Kit, Order, Reply, Store
from booking.core.steps import step
from booking.guards.common.read_check_write import read_check_write
from booking.guards.lease import LeaseGuard
from booking.guards.lock import LockGuard
from tests.support.unheard import unheard


class _Unstated:
    """A guard that states nothing, and needs only a store."""

    needs: ClassVar[type] = Store


class StopsEarly(_Unstated):
    """Keeps the last ticket."""

    def sell(self, store: Store, order: Order) -> Reply:
        return read_check_write(store, Order(order.buyer, order.quantity + 1))


class Unguarded(_Unstated):
    """Keeps no buyers apart."""

    def sell(self, store: Store, order: Order) -> Reply:
        return read_check_write(store, order)


class SellsSome(LockGuard):
    """Sells one ticket where too few are left."""

    def sell(self, store: Store, order: Order) -> Reply:
        reply = super().sell(store, order)
        return reply if reply.type == "ok" else super().sell(store, Order(order.buyer, 1))


class HoldsSilently(LockGuard):
    """Takes its lock before its first step."""

    def sell(self, store: Store, order: Order) -> Reply:
        with unheard():
            self._lock.acquire(self._timeout_s)
        try:
            return read_check_write(store, order)
        finally:
            with unheard():
                self._lock.release()


class TakesTooMuchFirst(LockGuard):
    """Takes a ticket too many, and puts it back in a second effect."""

    def sell(self, store: Store, order: Order) -> Reply:
        with unheard():
            self._lock.acquire(self._timeout_s)
        try:
            reply = read_check_write(store, order)
            with unheard():
                left = store.read()
                store.write(max(0, left - 1))
            step("add", "inventory", 1)
            with unheard():
                store.write(left)
            return reply
        finally:
            with unheard():
                self._lock.release()


class StatesSafety(LockGuard):
    """States that a death stops no other buyer, whatever its lock does."""

    crash_safe = True


class SellsSilently(_Unstated):
    """Announces no step."""

    def sell(self, store: Store, order: Order) -> Reply:
        with unheard():
            return read_check_write(store, order)


@runtime_checkable
class Readable(Protocol):
    """What every store is."""

    def read(self) -> int:
        """Return the count."""


class NeedsNothing(Unguarded):
    """States a need that every store meets."""

    needs = Readable


class TakesUnstated(_Unstated):
    """Uses a capability that it does not state as its need."""

    def sell(self, store: Store, order: Order) -> Reply:
        before = store.take(order.quantity)  # type: ignore[attr-defined]  # the fault
        return Reply("fail", error="sold-out") if before is None else Reply("ok", before)


class Unpicklable(Unguarded):
    """Holds what cannot travel to another process."""

    def __init__(self, kit: Kit) -> None:
        self.clock = lambda: time.monotonic() + kit.acquire_timeout_s


class StatesClock(LockGuard):
    """States that time ends what it holds."""

    by_the_clock: ClassVar[bool] = True


class HidesClock(LeaseGuard):
    """Leases, and states that only the order of steps matters."""

    by_the_clock: ClassVar[bool] = False
