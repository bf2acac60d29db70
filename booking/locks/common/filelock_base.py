"""Base of every lock that the library `filelock` provides: built lazily, announced as steps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from booking.core.per_process import PerProcess
from booking.core.steps import saw, step

if TYPE_CHECKING:
    from filelock import BaseFileLock

T = TypeVar("T", bound="BaseFileLock")


class FilelockBase(PerProcess[T]):
    """A lock of the library; a subclass builds it in `open_own`.

    Each process builds its own, because the library refuses a lock from before a fork.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.resource = path.name

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock; poll every 50 ms while another process holds it."""
        from filelock import Timeout

        step("acquire", self.resource)
        deadline_s = time.monotonic() + timeout_s
        acquired = False
        while not acquired:
            try:
                self.own().acquire(timeout=max(0.0, deadline_s - time.monotonic()))
            except Timeout:
                break
            acquired = self._keep_if_named()
        saw(int(acquired))
        return acquired

    def has_name(self) -> bool:
        """Return whether what was taken is still the lock of that name."""
        return True

    def _keep_if_named(self) -> bool:
        named = False
        try:
            named = self.has_name()
        finally:
            if not named:
                self.own().release()
        return named

    def release(self) -> None:
        """Release the lock; a waiter notices at its next poll."""
        step("release", self.resource)
        self.own().release()

    def close_own(self, own: T) -> None:
        """Release the library's lock, however often it was taken."""
        own.release(force=True)
