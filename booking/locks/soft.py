"""`soft`: a marker file that exists while somebody holds the lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from booking.locks.common.filelock_base import FilelockBase

if TYPE_CHECKING:
    from filelock import BaseFileLock


class SoftLock(FilelockBase):
    """A marker file with the holder's pid: works where flock does not, waits by asking."""

    crash_safe = True  # a marker of a dead process is found, on the same host
    cross_host = True  # any file system that creates a file for one caller only
    fair = False
    reentrant = True

    def __init__(self, path: Path) -> None:
        # A name of its own: flock's sidecar stays, and a marker that stays is a lock that is held.
        super().__init__(path.with_name(path.name + ".soft"))

    def _build(self) -> BaseFileLock:
        from filelock import SoftFileLock

        return SoftFileLock(self.path)
