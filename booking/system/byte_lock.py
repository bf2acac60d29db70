"""Lock the first byte of an open file, beside the lock of the whole file: as a mark of its use.

Such a lock must belong to the open file, not to the process: Linux has it (F_OFD_SETLK, fcntl(2)).
A lock of a process would be lost as soon as the process closes any descriptor of the file. So
elsewhere no byte is locked, and no file counts as unused.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys

_BYTE = struct.Struct("hhqqi4x")  # struct flock of Linux, which other systems lay out otherwise
LOCK_COMMANDS = frozenset(
    getattr(fcntl, name)
    for name in (
        "F_SETLK", "F_SETLKW", "F_SETLK64", "F_SETLKW64", "F_OFD_SETLK", "F_OFD_SETLKW",
        "F_SETLEASE",
    )
    if hasattr(fcntl, name)
)  # fmt: skip
AVAILABLE = hasattr(fcntl, "F_OFD_SETLK") and sys.platform == "linux"


def lock_byte(fd: int, *, shared: bool) -> bool:
    """Lock the byte without waiting; return False where it is locked, or cannot be."""
    if not AVAILABLE:
        return False
    how = fcntl.F_RDLCK if shared else fcntl.F_WRLCK
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _BYTE.pack(how, os.SEEK_SET, 0, 1, 0))
    except OSError:
        return False
    return True
