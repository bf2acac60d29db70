"""`filelock`: the library `filelock`, which works on every system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from booking.locks.common.filelock_base import FilelockBase

if TYPE_CHECKING:
    from filelock import BaseFileLock


class FilelockLock(FilelockBase):
    """The library filelock: every system's own lock, found free by asking every 50 ms."""

    crash_safe = True
    cross_host = False
    fair = False
    reentrant = True

    def _build(self) -> BaseFileLock:
        from filelock import FileLock

        return FileLock(self.path)
