"""`mutex`: `multiprocessing.Lock`, the tutorial's."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

from booking.core.steps import saw, step


class MutexLock:
    """multiprocessing.Lock: the fastest, but it stays locked for good when its holder dies."""

    crash_safe = False
    cross_host = False
    fair = False
    reentrant = False
    resource = "mutex"
    one_sale_only = True  # only the processes of its sale can take it

    def __init__(self, _path: Path) -> None:
        # From the spawn context: that semaphore travels to buyers of every start method.
        self._lock = get_context("spawn").Lock()

    def acquire(self, timeout_s: float) -> bool:
        """Wait on the semaphore."""
        step("acquire", self.resource)
        acquired = self._lock.acquire(block=timeout_s > 0, timeout=timeout_s)
        saw(int(acquired))
        return acquired

    def release(self) -> None:
        """Raise the semaphore."""
        step("release", self.resource)
        self._lock.release()
