"""Lock an open file whole with flock(2): the kernel unlocks it when its last descriptor closes.

So a lock says more than a process number does. It ends with its process, a zombie holds none, and
processes of another container or another user see it, too.
"""

from __future__ import annotations

import os
import stat

from booking.system.descriptors import close_quietly


def try_lock(fd: int, *, shared: bool = False) -> bool:
    """Lock an open file without waiting; return False where it is held or cannot be locked."""
    try:
        import fcntl
    except ImportError:
        return False  # without flock(2) every lock counts as held by another process
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def is_at(fd: int, path: str | os.PathLike[str]) -> bool:
    """Return whether an open file is the one that a path names now, itself and not by a link."""
    try:
        there = os.lstat(path)
    except OSError:
        return False
    ours = os.fstat(fd)
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def remove_unlocked(path: str) -> bool:
    """Remove a file whose lock no process holds; return whether it was removed."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not (stat.S_ISREG(os.fstat(fd).st_mode) and try_lock(fd) and is_at(fd, path)):
            return False
        os.unlink(path)  # noqa: PTH108 - a text
        return True
    finally:
        close_quietly(fd)
