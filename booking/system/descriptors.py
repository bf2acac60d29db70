"""Close file descriptors, and find out what they are of."""

from __future__ import annotations

import os
from contextlib import suppress

NAMELESS = getattr(os, "O_TMPFILE", 0)  # the flag of a file without a name; 0 where there is none
PATH_BYTES_MAX = 1024  # MAXPATHLEN of macOS, and the most that `fcntl` takes


def close_quietly(fd: int) -> None:
    """Close a descriptor through which nothing was written that is not on disk already.

    Where close(2) fails the descriptor is closed nevertheless (Linux, close(2)), so the error
    would only hide what was done before: a ticket that is sold, a lock that is given back.
    """
    with suppress(OSError):
        os.close(fd)


def path_of(fd: object) -> str:
    """Return the path of an open file; nothing where the system shows none."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115 - hot
    except OSError:
        return _path_by_fcntl(fd)


def _path_by_fcntl(fd: object) -> str:
    """Ask for the path as on macOS (F_GETPATH)."""
    import fcntl

    command = getattr(fcntl, "F_GETPATH", None)
    if command is None or not isinstance(fd, int):
        return ""
    try:
        answer: bytes = fcntl.fcntl(fd, command, bytes(PATH_BYTES_MAX))
    except OSError:
        return ""
    return os.fsdecode(answer.partition(b"\0")[0])
