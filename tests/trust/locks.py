"""Locks that let two in: always, to some processes, to waiters, after a while, or after a release.

The sound ones at the end are used in ways that look wrong, or built in ways that are rare.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from threading import Lock as ThreadLock
from typing import ClassVar

from booking.core.per_process import PerProcess
from booking.core.steps import saw, step
from booking.locks.flock import FlockLock
from booking.locks.mutex import MutexLock

POLL_S = 0.001


class SaysYes(FlockLock):
    """Says yes to each buyer, and locks nothing."""

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        saw(1)
        return True

    def release(self) -> None:
        step("release", self.resource)


class SaysYesElsewhere(SaysYes):
    """Announces another name at each release."""

    def release(self) -> None:
        step("release", "nothing")


class SaysNo(FlockLock):
    """Says no to each buyer."""

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        saw(0)
        return False


class SharesIt(FlockLock):
    """Takes a lock that readers share."""

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        fcntl.flock(self.own(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        saw(1)
        return True


class OwnFile(FlockLock):
    """Locks a file of its own making."""

    def open_own(self) -> int:
        path = self.path.with_name(f"{self.path.name}-{token_hex(4)}")
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


class PidFile(FlockLock):
    """Locks a file that is named after the process."""

    def open_own(self) -> int:
        path = f"{self.path}-{os.getpid()}"
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


class ThreadsOnly(FlockLock):
    """Keeps the threads of one process apart."""

    inner: ClassVar[dict[str, ThreadLock]] = {}  # type: ignore[valid-type]  # a function in 3.12

    def _inner(self) -> ThreadLock:  # type: ignore[valid-type]  # a function in 3.12
        return self.inner.setdefault(str(self.path), ThreadLock())

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        acquired = self._inner().acquire(timeout=timeout_s)
        saw(int(acquired))
        return acquired

    def release(self) -> None:
        step("release", self.resource)
        self._inner().release()


class KeepsMutex(MutexLock):
    """Never releases."""

    def release(self) -> None:
        step("release", self.resource)


class FreedByAny(MutexLock):
    """Is freed by each release, whatever process holds it."""

    owned = False

    def release(self) -> None:
        step("release", self.resource)
        with suppress(ValueError):  # it is free already
            self._lock.release()


class ReleasesFirst(MutexLock):
    """Releases before it takes, in case that a dead process holds it."""

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        self._lock.acquire(block=False)
        self._lock.release()
        acquired = self._lock.acquire(block=False)
        saw(int(acquired))
        return acquired


class BreaksIn(FlockLock):
    """Waits for its turn, and breaks in when that takes too long."""

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        fd, deadline_s = self.own(), time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if timeout_s <= 0:
                    saw(0)
                    return False
                if time.monotonic() >= deadline_s:
                    break
            time.sleep(POLL_S)
        saw(1)
        return True


class SecondOrderOpen(FlockLock):
    """Locks the first time, and never again in the same process."""

    asked = False

    def acquire(self, timeout_s: float) -> bool:
        if not self.asked:
            self.asked = True
            return super().acquire(timeout_s)
        step("acquire", self.resource)
        saw(1)
        return True


class OldInode(FlockLock):
    """Removes the file at each release; a waiter gets a lock on what is gone."""

    fd = -1

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline_s:
                    os.close(fd)
                    saw(0)
                    return False
                time.sleep(POLL_S)
                continue
            if self._is_current(fd):
                self.fd = fd
                saw(1)
                return True
            os.close(fd)
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def _is_current(self, fd: int) -> bool:
        return True

    def release(self) -> None:
        step("release", self.resource)
        if self.fd >= 0:
            os.unlink(self.path)
            os.close(self.fd)
            self.fd = -1


class Marker:
    """A file that exists while the lock is held; made by one caller only. Sound in good hands."""

    crash_safe = False
    cross_host = True
    fair = False
    reentrant = False

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".marker")
        self.resource = self.path.name

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        deadline_s = time.monotonic() + timeout_s
        while not self._make():
            if time.monotonic() >= deadline_s:
                saw(0)
                return False
            time.sleep(POLL_S)
        saw(1)
        return True

    def _make(self) -> bool:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            return False
        return True

    def release(self) -> None:
        step("release", self.resource)
        self.path.unlink(missing_ok=True)


class ClaimsCrashSafe(Marker):
    """States that it is free when its holder dies; the marker stays."""

    crash_safe = True


class ChecksThenMakes(Marker):
    """Looks for the marker, and makes it then: two waiters may both see none."""

    def _make(self) -> bool:
        if self.path.exists():
            return False
        time.sleep(0)
        self.path.touch()
        return True


class WaitersTogether(Marker):
    """Waits until the marker is gone, and enters without making it."""

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        if not self._make():
            deadline_s = time.monotonic() + timeout_s
            while self.path.exists():
                if time.monotonic() >= deadline_s:
                    saw(0)
                    return False
                time.sleep(POLL_S)
        saw(1)
        return True


class RunsOut(Marker):
    """A marker that counts for five milliseconds."""

    def _make(self) -> bool:
        try:
            if time.time() - self.path.stat().st_mtime > 0.005:
                self.path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        return super()._make()


# Sound.


class RechecksInode(OldInode):
    """Removes the file at each release; a waiter looks whether its file is still the one."""

    fair = False
    threads = True

    def _is_current(self, fd: int) -> bool:
        try:
            return os.fstat(fd).st_ino == os.stat(self.path).st_ino
        except FileNotFoundError:
            return False


class ByProcess(PerProcess[int]):
    """fcntl.lockf: the kernel keeps processes apart, and not what runs inside one."""

    crash_safe = True
    cross_host = False
    fair = False
    reentrant = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.resource = path.name

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", self.resource)
        fd, deadline_s = self.own(), time.monotonic() + timeout_s
        while True:
            try:
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline_s:
                    saw(0)
                    return False
            time.sleep(POLL_S)
        saw(1)
        return True

    def release(self) -> None:
        step("release", self.resource)
        fcntl.lockf(self.own(), fcntl.LOCK_UN)

    def open_own(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def close_own(self, own: int) -> None:
        os.close(own)


class GivesUp(FlockLock):
    """Waits for no other process: a time-out is an answer, and sells nothing twice."""

    def acquire(self, timeout_s: float) -> bool:
        return super().acquire(0.0)
