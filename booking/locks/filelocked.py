"""`filelock`: the library `filelock`, which works on every system."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from booking.locks.common.filelock_base import FilelockBase
from booking.locks.common.lock_file import LockFile, identity

if TYPE_CHECKING:
    from filelock import FileLock


class FilelockLock(FilelockBase["FileLock"], LockFile):
    """The library filelock: every system's own lock, found free by polling every 50 ms."""

    crash_safe = True
    cross_host = False
    fair = False
    reentrant = True
    threads = True
    owned = True

    def open_own(self) -> FileLock:
        """Build the library's lock, on a file with the inventory's rights."""
        from filelock import FileLock

        os.close(self.open_file())
        return FileLock(self.path)

    def has_name(self) -> bool:
        """Return whether the file that was locked has its name still."""
        fd = self.own()._context.lock_file_fd  # the library has no other way to tell
        return fd is None or not self.watched or self.is_current(identity(fd))
