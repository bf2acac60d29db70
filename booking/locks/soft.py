"""`soft`: a marker file that exists while a process holds the lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from booking.locks.common.filelock_base import FilelockBase

if TYPE_CHECKING:
    from filelock import SoftFileLock


class SoftLock(FilelockBase["SoftFileLock"]):
    """A marker file with the holder's pid: works where flock does not, waits by polling."""

    # A dead holder's marker is detected, on the same host. A process that dies after it created the
    # marker, and before it wrote its id there, leaves an empty one, which nothing removes.
    crash_safe = False
    cross_host = True  # any file system that creates a file for one caller only
    fair = False
    reentrant = True
    threads = True
    owned = True

    def __init__(self, path: Path) -> None:
        # A name of its own: flock's file stays for good, and a marker that stays is a held lock.
        super().__init__(path.with_name(path.name + ".soft"))

    def open_own(self) -> SoftFileLock:
        """Build the library's lock."""
        from filelock import SoftFileLock

        return SoftFileLock(self.path)
