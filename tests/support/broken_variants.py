"""A store, a lock or a guard for each fact of its contract: broken in that, and in little else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ClassVar, Protocol, runtime_checkable

from booking.core.protocols import Kit, Order, Reply, Store
from booking.core.steps import drive, saw, step
from booking.errors import InventoryError
from booking.guards.common.read_check_write import read_check_write
from booking.guards.lock import LockGuard
from booking.locks.flock import FlockLock
from booking.locks.mutex import MutexLock
from booking.stores.json_inplace import JsonInplaceStore
from booking.stores.json_replaced import JsonStore
from booking.stores.memory_shared import MemorySharedStore
from booking.stores.sqlite import SqliteStore


@contextmanager
def unheard() -> Iterator[None]:
    """Announce nothing inside the block."""
    before = drive(None)
    try:
        yield
    finally:
        drive(before)


# Stores.


class Overflows(JsonStore):
    """Keeps 32 bits of a count."""

    def write(self, remaining: int) -> None:
        super().write(min(remaining, 2**31 - 1))


class KeepsFirstReset(JsonStore):
    """Fills an inventory once."""

    def reset(self, tickets: int) -> None:
        if not self.path.exists():
            super().reset(tickets)


class ReadsZero(JsonStore):
    """Takes an inventory that is missing for one that is sold out."""

    def read(self) -> int:
        return super().read() if self.path.exists() else 0


class ClosesOnce(JsonStore):
    """Fails when it is closed again."""

    closed = False

    def close(self) -> None:
        if self.closed:
            raise ValueError("closed already")
        self.closed = True


class StaysClosed(JsonStore):
    """Never opens again."""

    closed = False

    def read(self) -> int:
        if self.closed:
            raise ValueError("used after the end")
        return super().read()

    def close(self) -> None:
        self.closed = True


class LeaksDescriptors(JsonStore):
    """Opens a file at each reset, and never closes it."""

    def reset(self, tickets: int) -> None:
        os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        super().reset(tickets)


class ClosesForAll(JsonStore):
    """Removes the inventory when one of its users closes it."""

    def close(self) -> None:
        super().close()
        self.path.unlink(missing_ok=True)


class SharesSecretly(JsonStore):
    """States that each process has its own count."""

    shared = False


class SharesInOneProcess(MemorySharedStore):
    """Keeps its count in the process, and states that all processes share it."""

    explored_only = False


class BelongsToOneProcess(JsonStore):
    """Uses in a fork what its parent opened."""

    opener: int | None = None

    def read(self) -> int:
        self.opener = self.opener or os.getpid()
        if self.opener != os.getpid():
            raise InventoryError("the connection was opened by another process")
        return super().read()


class RemembersCount(JsonStore):
    """Reads the file once."""

    count: int | None = None

    def read(self) -> int:
        if self.count is None:
            self.count = super().read()
        else:
            step("read", self.resource)
            saw(self.count)
        return self.count

    def write(self, remaining: int) -> None:
        super().write(remaining)
        self.count = remaining


class DropsLocks(SqliteStore):
    """Closes a second descriptor of the database, and with it loses the locks on it (fcntl(2))."""

    def reset(self, tickets: int) -> None:
        if self.path.exists():
            os.close(os.open(self.path, os.O_RDONLY))
        super().reset(tickets)


class ReadsSilently(JsonStore):
    """Announces no read."""

    def read(self) -> int:
        with unheard():
            return super().read()


class AnnouncesAnotherCount(JsonStore):
    """Stores another count than it announced."""

    def write(self, remaining: int) -> None:
        step("replace", self.resource, remaining + 1)
        with unheard():
            super().write(remaining)


class ReadsThenAnnounces(JsonStore):
    """Announces a read that is over."""

    def read(self) -> int:
        with unheard():
            count = super().read()
        step("read", self.resource)
        saw(count)
        return count


class WritesThenAnnounces(JsonStore):
    """Announces a write that is over."""

    def write(self, remaining: int) -> None:
        with unheard():
            super().write(remaining)
        step("replace", self.resource, remaining)


class TearsSecretly(JsonInplaceStore):
    """States that no reader meets half a file."""

    torn_reads = False


class ChangesInPassing(JsonStore):
    """Takes a ticket while it prepares."""

    def prepare(self) -> None:
        with unheard():
            super().write(super().read() - 1)


class ReservesForAll(JsonStore):
    """Grants the inventory to every run."""

    def reserved(self) -> AbstractContextManager[None]:
        return nullcontext()


# Stores with a capability.


class TakesSome(SqliteStore):
    """Sells what is left where that is too little."""

    def take(self, quantity: int) -> int | None:
        with unheard():
            left = super().read()
        return super().take(min(quantity, left))


class TakesInTwo(SqliteStore):
    """Checks first, takes then."""

    def take(self, quantity: int) -> int | None:
        with unheard():
            before = super().read()
        step("take", self.resource)
        if before < quantity:
            return None
        with unheard():
            super().write(before - quantity)
        return before


class CountsAsVersion(SqliteStore):
    """Takes a count that came back for one that never left."""

    def read_versioned(self) -> tuple[int, int]:
        count = super().read()
        return count, count

    def compare_and_set(self, version: int, remaining: int) -> bool:
        same = super().read() == version
        if same:
            super().write(remaining)
        return same


class AddsInTwo(SqliteStore):
    """Reads first, writes then."""

    def add(self, delta: int) -> int:
        with unheard():
            after = super().read() + delta
        step("add", self.resource, delta)
        with unheard():
            super().write(after)
        return after


class NoConstraint(SqliteStore):
    """Takes tickets that there are none of."""

    def take_constrained(self, quantity: int) -> int | None:
        return super().add(-quantity) + quantity


class LocksNothing(SqliteStore):
    """Announces a lock, and reads and writes without one."""

    def read_locked(self) -> int | None:
        return super().read()

    def commit(self) -> None:
        step("release", self.resource)

    def rollback(self) -> None:
        step("release", self.resource)


class SerializesNothing(LocksNothing):
    """Begins no transaction."""

    def read_serializable(self) -> int:
        return super().read()


class AdvisesAll(JsonStore):
    """Grants the advisory lock to every buyer."""

    def lock_advisory(self) -> bool:
        return True

    def unlock_advisory(self) -> None:
        pass


class SellsOneSeat(SqliteStore):
    """Sells seat 1 to each buyer."""

    def claim(self, buyer: int, quantity: int) -> int | None:
        return super().claim(buyer, quantity) and 1


class ClaimsSome(SqliteStore):
    """Sells the seats that are free where those are too few."""

    def claim(self, buyer: int, quantity: int) -> int | None:
        return super().claim(buyer, min(quantity, super().read()))


class SplitsNothing(SqliteStore):
    """Takes from the whole count as from a shard."""

    def split(self, shards: int) -> None:
        pass

    def take_from(self, shard: int, quantity: int) -> int | None:
        return super().take(quantity)


class LeasesToAll(SqliteStore):
    """Grants the same lease to each buyer."""

    def take_lease(self, owner: int, lease_s: float) -> int | None:
        return 1


class ShowsNothing(SqliteStore):
    """Shows the same whatever it holds."""

    def snapshot(self) -> tuple[object, ...]:
        return ()


# Locks.


class SharesDescriptor(FlockLock):
    """Uses in a fork the descriptor that its parent opened, and with it the parent's lock."""

    def own(self) -> int:
        if self._own is None:
            self._own = self.open_own()
        return self._own


class AnswersLate(FlockLock):
    """Waits although there is no time."""

    def acquire(self, timeout_s: float) -> bool:
        return super().acquire(timeout_s or 1.5)


class GivesUp(FlockLock):
    """Waits for no other process."""

    def acquire(self, timeout_s: float) -> bool:
        return super().acquire(0.0)


class KeepsLock(FlockLock):
    """Releases nothing."""

    def release(self) -> None:
        step("release", self.resource)


class SurvivesSecretly(FlockLock):
    """States that it stays locked when its holder dies."""

    crash_safe = False


class NestsNothing(FlockLock):
    """States that its holder may take it twice, and is free after one release."""

    reentrant = True


class OfOneSale(MutexLock):
    """States that every program that builds it meets at it; each builds a semaphore."""

    one_sale_only = False


class StatesOneSale(FlockLock):
    """States that other programs do not meet at it, and they do."""

    one_sale_only = True


class CopyHolds(FlockLock):
    """Travels with its descriptor, and with it the lock."""

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__

    def __del__(self) -> None:
        """Leave the descriptor open: a copy may have it."""


class LocksSilently(FlockLock):
    """Announces no step."""

    def acquire(self, timeout_s: float) -> bool:
        with unheard():
            return super().acquire(timeout_s)


class LocksThenAnnounces(FlockLock):
    """Announces a lock that it has already."""

    def acquire(self, timeout_s: float) -> bool:
        with unheard():
            acquired = super().acquire(timeout_s)
        step("acquire", self.resource)
        saw(int(acquired))
        return acquired


# Guards.


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
