"""Locks and guards of a user's own: each excludes most of the time, and fails in one way."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from booking.core.protocols import Kit, Order, Reply, Store
from booking.core.steps import saw, step
from booking.guards.common.read_check_write import read_check_write
from booking.guards.lock import LockGuard
from booking.locks.flock import FlockLock


class Marker:
    """A file that exists while the lock is held; sound as long as only its holder releases."""

    crash_safe: ClassVar[bool] = False
    cross_host, fair, reentrant = False, False, False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.resource = path.name

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        until_s = time.monotonic() + timeout_s
        while not (acquired := self.take()) and time.monotonic() < until_s:
            time.sleep(0.001)
        saw(int(acquired))
        return acquired

    def take(self) -> bool:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR))
        except FileExistsError:
            return False
        return True

    def release(self) -> None:
        step("release", self.resource)
        self.path.unlink(missing_ok=True)


class KeepsMarker(Marker):
    """Says that it gives the lock back, and does not."""

    def release(self) -> None:
        step("release", self.resource)


class RefusalFrees(Marker):
    """Clears away after a failure, and with it the holder's marker."""

    def take(self) -> bool:
        acquired = super().take()
        if not acquired:
            self.path.unlink()
        return acquired


class WaitsOnOldFile(FlockLock):
    """Opens its file once, keeps it while it waits, and removes it at each release."""

    fair = False
    watched = False  # else it would notice

    def release(self) -> None:
        step("release", self.resource)
        with suppress(FileNotFoundError):
            self.path.unlink()
        self.release_own()


class CheckThenLock(Marker):
    """Looks whether the marker is there, and makes it then."""

    def take(self) -> bool:
        if self.path.exists():
            return False
        self.path.write_text("taken")
        return True


class StatesFair(Marker):
    """States that waiters have their turn; the one that came last polls most often."""

    fair = True

    def acquire(self, timeout_s: float) -> bool:
        waiters = self.path.with_name("waiters")
        step("acquire", self.resource)
        acquired = self.take()
        if not acquired and timeout_s > 1:
            late = waiters.exists()
            waiters.touch()
            until_s = time.monotonic() + timeout_s
            while not acquired and time.monotonic() < until_s:
                time.sleep(0.001 if late else 0.5)
                acquired = self.take()
        elif not acquired:
            time.sleep(timeout_s)
        saw(int(acquired))
        return acquired


class StatesOwned(Marker):
    """States that only its holder can release it."""

    owned = True


class StatesThreads(FlockLock):
    """States that threads of one process exclude one another."""

    threads = True


class SharedName(Marker):
    """Keeps its marker by name alone, in one folder for all."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path.parent.parent / path.name


class EmptyMarker(Marker):
    """Removes the marker of a dead holder, but not one that its maker had no time to fill."""

    crash_safe = True

    def take(self) -> bool:
        acquired = super().take()
        if acquired:
            self.path.write_text(str(os.getpid()))
            return True
        with suppress(FileNotFoundError):
            if holder := self.path.read_text():
                try:
                    os.kill(int(holder), 0)
                except ProcessLookupError:
                    self.path.unlink()
                    return self.take()
        return False


class UnlocksThenRemoves(FlockLock):
    """Unlocks its file, and removes it then: another process may hold it by that time."""

    fair = False
    watched = False  # else it would notice

    def acquire(self, timeout_s: float) -> bool:
        acquired = super().acquire(timeout_s)
        if not acquired:
            self.release_own()
        return acquired

    def release(self) -> None:
        step("release", self.resource)
        fcntl.flock(self.own(), fcntl.LOCK_UN)
        self.path.unlink(missing_ok=True)
        self.release_own()


class ReleasesTwice(LockGuard):
    """Releases in the code, and again behind it."""

    def sell(self, store: Store, order: Order) -> Reply:
        reply = super().sell(store, order)
        self._lock.release()
        return reply


class ReleasesAnyway:
    """Releases whatever the acquire answered."""

    needs: ClassVar[type] = Store

    def __init__(self, kit: Kit) -> None:
        assert kit.lock is not None
        self._lock = kit.lock
        self._timeout_s = kit.acquire_timeout_s

    def sell(self, store: Store, order: Order) -> Reply:
        try:
            if not self._lock.acquire(self._timeout_s):
                return Reply("fail", error="lock-timeout")
            return read_check_write(store, order)
        finally:
            self._lock.release()
