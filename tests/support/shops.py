"""Stores and locks of a user's own: some with a fault, which an exploration must notice."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, ClassVar

from booking.core.protocols import Kit, Order, Place, Reply, Store
from booking.core.steps import saw, step
from booking.errors import InventoryError
from booking.guards.common.read_check_write import read_check_write
from booking.guards.lock import LockGuard
from booking.locks.flock import FlockLock
from booking.stores.memory_shared import MemorySharedStore


class Shop:
    """A number in a text file, announced as it should be."""

    def __init__(self, place: Place) -> None:
        self.path = place.scratch / "shop.txt"
        self.resource = self.path.name

    def reset(self, tickets: int) -> None:
        self.path.write_text(str(tickets))

    def read(self) -> int:
        step("read", self.resource)
        text = self.path.read_text()
        if not text:
            raise InventoryError("shop.txt is empty")
        saw(int(text))
        return int(text)

    def write(self, remaining: int) -> None:
        fresh = self.path.with_name(f"shop-{os.getpid()}-{id(self)}.tmp")
        fresh.write_text(str(remaining))
        step("replace", self.resource, remaining)
        fresh.replace(self.path)

    def close(self) -> None:
        pass


class SilentShop(Shop):
    """The write is not announced."""

    def write(self, remaining: int) -> None:
        fresh = self.path.with_name(f"shop-{os.getpid()}-{id(self)}.tmp")
        fresh.write_text(str(remaining))
        fresh.replace(self.path)


class DeafShop(Shop):
    """The read is not announced."""

    def read(self) -> int:
        return int(self.path.read_text())


class MumShop(Shop):
    """What was read is not told with `saw`; what the call gives tells it all the same."""

    def read(self) -> int:
        step("read", self.resource)
        return int(self.path.read_text())


class HastyShop(Shop):
    """Truncating and filling under one step: a reader in between could not be explored."""

    def write(self, remaining: int) -> None:
        step("write", self.resource, remaining)
        self.path.write_text(str(remaining))


class CrowdedShop(Shop):
    """All buyers use one temporary file, and do not say so."""

    def write(self, remaining: int) -> None:
        fresh = self.path.with_name("shop.tmp")
        fresh.write_text(str(remaining))
        step("replace", self.resource, remaining)
        fresh.replace(self.path)


class MisnamedShop(Shop):
    """Announces all that it does, under a name that is not the file's."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.resource = "shop"


class TwiceShop(Shop):
    """Reads twice under one step."""

    def read(self) -> int:
        step("read", self.resource)
        self.path.read_text()
        count = int(self.path.read_text())
        saw(count)
        return count


class SilentMemory(MemorySharedStore):
    """The variable changes under a step that says it reads."""

    def write(self, remaining: int) -> None:
        step("read", self.resource)
        self._cell.remaining = remaining


class MuteMemory(MemorySharedStore):
    """The variable changes without any step."""

    def write(self, remaining: int) -> None:
        self._cell.remaining = remaining


class FickleShop(Shop):
    """Every fourth sale that is tried goes otherwise, whatever the buyers saw."""

    tries: ClassVar[int] = 0

    def write(self, remaining: int) -> None:
        FickleShop.tries += 1
        super().write(remaining if FickleShop.tries % 4 else remaining - 1)


class FailingShop(Shop):
    """Its own code breaks."""

    def write(self, remaining: int) -> None:
        step("replace", self.resource, remaining)
        raise ZeroDivisionError("a defect of the shop")


class OpaqueMemory:
    """Shared, and shows nothing: no file, no snapshot; a class attribute in one process."""

    cells: ClassVar[dict[str, int]] = {}

    def __init__(self, place: Place) -> None:
        self.key = str(place.scratch)

    def reset(self, tickets: int) -> None:
        self.cells[self.key] = tickets

    def read(self) -> int:
        step("read", "opaque")
        saw(self.cells[self.key])
        return self.cells[self.key]

    def write(self, remaining: int) -> None:
        step("write", "opaque", remaining)
        self.cells[self.key] = remaining

    def close(self) -> None:
        pass


class OpenHandle(Shop):
    """Holds what can't travel to another process."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.handle = open(os.devnull)  # noqa: SIM115 - the fault that is planted

    def __del__(self) -> None:
        self.handle.close()


class OpenDoor(FlockLock):
    """Always says yes."""

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        saw(1)
        return True

    def release(self) -> None:
        step("release", self.resource)


class FailingLock(FlockLock):
    """Its own code breaks."""

    def release(self) -> None:
        raise ZeroDivisionError("a defect of the lock")


class ShutDoor(FlockLock):
    """Never says yes."""

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        saw(0)
        return False


class KeptDoor(FlockLock):
    """Says that it gives the lock back, and does not."""

    def release(self) -> None:
        step("release", self.resource)


class SilentDoor(FlockLock):
    """Locks without a word."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._mine = -1

    def acquire(self, timeout_s: float) -> bool:
        self._mine = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(self._mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True

    def release(self) -> None:
        os.close(self._mine)


class Forgetful(Shop):
    """A reset keeps what was there."""

    def reset(self, tickets: int) -> None:
        if not self.path.exists():
            super().reset(tickets)


class Thief(FlockLock):
    """Waits for its turn, and breaks in when that takes too long."""

    def acquire(self, timeout_s: float) -> bool:
        return super().acquire(timeout_s) or timeout_s > 0


class Classy:
    """Keeps its count in its class: one process shares it, many do not."""

    shared = True
    resource = "class"
    left: ClassVar[int] = 0

    def reset(self, tickets: int) -> None:
        type(self).left = tickets

    def read(self) -> int:
        step("read", self.resource)
        saw(self.left)
        return self.left

    def write(self, remaining: int) -> None:
        step("write", self.resource, remaining)
        type(self).left = remaining

    def close(self) -> None: ...


class Shelling(Shop):
    """Asks another program."""

    def read(self) -> int:
        subprocess.run(["true"], check=True)
        return super().read()


class _Odd:
    needs = Store

    def sell(self, store: Store, order: Order) -> Reply:
        raise NotImplementedError


class Quitter(_Odd):
    """Leaves in the middle, as if all were well."""

    def sell(self, store: Store, order: Order) -> Reply:
        read_check_write(store, order)
        sys.exit(0)


class Waiter(_Odd):
    """Waits for a lock that nothing announces."""

    _lock: ClassVar[threading.Lock] = threading.Lock()

    def sell(self, store: Store, order: Order) -> Reply:
        with self._lock:
            return read_check_write(store, order)


class Threaded(_Odd):
    """Buys in a thread of its own."""

    def sell(self, store: Store, order: Order) -> Reply:
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(read_check_write(store, order)))
        thread.start()
        thread.join()
        return replies[0]


class Stubborn(_Odd):
    """Goes on whatever is raised in it."""

    def sell(self, store: Store, order: Order) -> Reply:
        while True:
            try:
                return read_check_write(store, order)
            except BaseException:
                continue


class Picky(_Odd):
    """Serves the third buyer otherwise than all others."""

    def __init__(self, kit: Kit) -> None:
        self._lock = kit.lock

    def sell(self, store: Store, order: Order) -> Reply:
        assert self._lock is not None
        if not self._lock.acquire(0.0):
            return Reply("fail", error="lock-timeout")
        try:
            remaining = store.read()
            store.write(remaining if order.buyer == 2 else remaining - 1)
            return Reply("ok", remaining)
        finally:
            self._lock.release()


class Spinner(_Odd):
    """Reads for ever, and announces each of it."""

    def sell(self, store: Store, order: Order) -> Reply:
        while True:
            store.read()


class Nameless(_Odd):
    """Sells as it should, and names no ticket."""

    def sell(self, store: Store, order: Order) -> Reply:
        reply = read_check_write(store, order)
        return Reply("ok") if reply.type == "ok" else reply


class AnswersAnything:
    """A guard that answers what it was made with; a store for it, too."""

    needs: ClassVar[type] = Store

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def reset(self, tickets: int) -> None: ...

    def read(self) -> int:
        return 3

    def write(self, remaining: int) -> None: ...

    def close(self) -> None: ...

    def sell(self, store: Store, order: Order) -> Reply:
        reply: Any = self._answer
        return reply  # type: ignore[no-any-return]  # the mistake of some guards


class AnswersTrue:
    """Sells, and answers whether it did instead of which ticket."""

    needs: ClassVar[type] = Store

    def sell(self, store: Store, order: Order) -> Reply:
        read_check_write(store, order)
        return Reply("ok", True)


class AnswersNothing:
    """Sells, and forgets to answer."""

    needs: ClassVar[type] = Store

    def sell(self, store: Store, order: Order) -> Reply:
        read_check_write(store, order)
        return None  # type: ignore[return-value]  # the mistake


class NamesSeats(LockGuard):
    """Sells seats that have names."""

    numbers: ClassVar[str] = "seat"

    def sell(self, store: Store, order: Order) -> Reply:
        reply = super().sell(store, order)
        return Reply("ok", f"row 1, seat {reply.ticket}") if reply.type == "ok" else reply
