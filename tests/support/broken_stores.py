"""A store for each fact of its contract: broken in that, and in little else."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar

from booking.core.steps import saw, step
from booking.errors import InventoryError
from booking.stores.json_inplace import JsonInplaceStore
from booking.stores.json_replaced import JsonStore
from booking.stores.memory_shared import MemorySharedStore
from booking.stores.sqlite import SqliteStore
from tests.support.unheard import unheard


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


class ExploredForNothing(JsonStore):
    """Keeps its count in a file, and states that one process has it."""

    explored_only = True


class ConnectsFew(JsonStore):
    """Has room for three buyers, and states that it has for five."""

    buyers_max = 5
    connected: ClassVar[int] = 0

    def connect(self) -> None:
        ConnectsFew.connected += 1
        if ConnectsFew.connected > 3:
            raise InventoryError("too many connections")


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
