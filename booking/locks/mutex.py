"""`mutex`: `multiprocessing.Lock`, the tutorial's."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

from booking.core.steps import saw, step


class MutexLock:
    """multiprocessing.Lock: the fastest, but it never comes back when its holder dies."""

    crash_safe = False
    cross_host = False
    fair = False
    reentrant = False
    resource = "mutex"
    one_sale_only = True  # nobody outside the sale's own processes can take it

    def __init__(self, _path: Path) -> None:
        # Of the spawn context, because that one travels to buyers of every start method.
        self._lock = get_context("spawn").Lock()

    def acquire(self, timeout_s: float) -> bool:
        """Wait on the semaphore."""
        step("acquire", self.resource)
        had = self._lock.acquire(block=timeout_s > 0, timeout=timeout_s)
        saw(int(had))
        return had

    def release(self) -> None:
        """Raise the semaphore."""
        step("release", self.resource)
        self._lock.release()
