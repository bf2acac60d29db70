"""What every lock of the library `filelock` shares here: built late, announced at the seam."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from booking.core.steps import saw, step

if TYPE_CHECKING:
    from filelock import BaseFileLock


class FilelockBase:
    """A lock of filelock's; a subclass says which."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.resource = path.name
        self._lock: BaseFileLock | None = None
        self._pid = 0

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock, asking again every 50 ms while somebody holds it."""
        from filelock import Timeout

        step("acquire", self.resource)
        try:
            self._own().acquire(timeout=timeout_s)
        except Timeout:
            saw(0)
            return False
        saw(1)
        return True

    def release(self) -> None:
        """Give it back; whoever waits finds out when he asks next."""
        step("release", self.resource)
        self._own().release()

    def _build(self) -> BaseFileLock:
        raise NotImplementedError  # a subclass says which

    def _own(self) -> BaseFileLock:
        """Build the lock in the process that uses it: one from before a fork is refused."""
        if self._lock is None or self._pid != os.getpid():
            self._lock, self._pid = self._build(), os.getpid()
        return self._lock

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_lock": None, "_pid": 0}
