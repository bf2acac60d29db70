"""`mutex`: `multiprocessing.Lock`, the tutorial's."""

from __future__ import annotations

import os
from multiprocessing import get_context
from pathlib import Path

from booking.core.steps import saw, step
from booking.system.tracked_resources import tracked


class MutexLock:
    """multiprocessing.Lock: the fastest, but it stays locked for good when its holder dies."""

    crash_safe = False
    cross_host = False
    fair = False
    reentrant = False
    threads = True
    owned = True
    resource = "mutex"
    one_sale_only = True  # only the processes of its sale can take it

    def __init__(self, _path: Path) -> None:
        # From the spawn context: that semaphore travels to buyers of every start method.
        with tracked():
            self._lock = get_context("spawn").Lock()
        self._holder: int | None = None  # this process, while it holds the lock

    def __getstate__(self) -> dict[str, object]:
        """Return what travels: a copy holds nothing."""
        return {**self.__dict__, "_holder": None}

    def acquire(self, timeout_s: float) -> bool:
        """Wait on the semaphore."""
        step("acquire", self.resource)
        acquired = self._lock.acquire(block=timeout_s > 0, timeout=timeout_s)
        if acquired:
            self._holder = os.getpid()
        saw(int(acquired))
        return acquired

    def release(self) -> None:
        """Raise the semaphore; a process that does not hold it would free it for another."""
        step("release", self.resource)
        if self._holder == os.getpid():
            self._holder = None
            self._lock.release()
