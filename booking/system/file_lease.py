"""A write lease on an open file: the kernel grants it only where no other process has it open.

Only Linux has leases (F_SETLEASE, fcntl(2)). Elsewhere none is granted, and a new file is made.
"""

from __future__ import annotations

import errno
import fcntl
import signal

AVAILABLE = hasattr(fcntl, "F_SETLEASE")
IN_USE = frozenset({errno.EAGAIN, errno.EACCES})  # it is open elsewhere; another user owns it


def take_lease(fd: int) -> None:
    """Take a write lease, or raise `OSError`."""
    # The kernel announces a waiting reader by a signal: by one that is ignored.
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)


def is_leased(fd: int) -> bool:
    """Return whether the lease lasts: a reader that waited for too long is let in."""
    held: int = fcntl.fcntl(fd, fcntl.F_GETLEASE)
    return held == fcntl.F_WRLCK


def end_lease(fd: int) -> None:
    """End the lease, where it was granted."""
    try:  # noqa: SIM105 - `suppress` takes longer, and each sale comes here
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        pass
