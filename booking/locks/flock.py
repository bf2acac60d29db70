"""`flock`: the kernel's advisory lock on an open file (flock(2)); the default."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from booking.core.steps import saw, step
from booking.errors import InventoryError
from booking.system.deadline import Expired, arm, disarm

POLL_S = 0.001


class FlockLock:
    """The kernel's lock on an open file: blocking, and freed when its holder dies."""

    crash_safe = True
    cross_host = False
    fair = True  # waiters are served in turn; measured up to 100 buyers
    reentrant = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.resource = path.name
        self._fd = -1
        self._pid = 0

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock, sleeping in the kernel; the descriptor stays open for the next time."""
        step("acquire", self.resource)
        # A descriptor from before a fork shares its lock with the parent: open our own.
        if self._pid != os.getpid():
            self._open()
        had = self._try() or (timeout_s > 0 and self._wait(timeout_s))
        saw(int(had))
        return had

    def release(self) -> None:
        """Give it back; the kernel wakes a waiter, and we let him go first.

        Who orders again at once would else be back before the waiter is awake: that waiter goes to
        sleep again, and the kernel wakes everybody behind him to queue anew (fs/locks.c). Measured
        with 100 buyers: 15 switches a sale instead of 6, and some buyers with hundreds of times
        the tickets of others.
        """
        step("release", self.resource)
        fcntl.flock(self._fd, fcntl.LOCK_UN)
        os.sched_yield()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_fd": -1, "_pid": 0}

    def __del__(self) -> None:
        if self._fd >= 0 and self._pid == os.getpid():
            os.close(self._fd)

    def _open(self) -> None:
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
            raise InventoryError(f"{self.path}: {problem}; a lock needs a file there") from None
        self._pid = os.getpid()

    def _try(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait(self, timeout_s: float) -> bool:
        """Block in flock(2), which knows no time limit, until an alarm interrupts it."""
        if not arm(timeout_s):
            return self._poll(timeout_s)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            disarm()
        except Expired:
            # The alarm may have come between the kernel's yes and ours.
            fcntl.flock(self._fd, fcntl.LOCK_UN)
            return False
        except BaseException:
            disarm()
            raise
        return True

    def _poll(self, timeout_s: float) -> bool:
        """Ask again and again: alarms belong to the main thread, and here to somebody else."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            time.sleep(POLL_S)
            if self._try():
                return True
        return False
