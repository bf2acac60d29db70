"""`filelock`: the library `filelock`, which works on every system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from booking.locks.common.filelock_base import FilelockBase

if TYPE_CHECKING:
    from filelock import FileLock


class FilelockLock(FilelockBase["FileLock"]):
    """The library filelock: every system's own lock, found free by polling every 50 ms."""

    crash_safe = True
    cross_host = False
    fair = False
    reentrant = True
    threads = True
    owned = True

    def open_own(self) -> FileLock:
        """Build the library's lock."""
        from filelock import FileLock

        return FileLock(self.path)
