"""Another machine, as far as one process can be it: it shares the file system, and no kernel.

Locks of the kernel (flock(2), fcntl(2)) are granted there whatever this machine holds. No process
of this machine is seen, and the host has another name. A module that keeps a function of `fcntl`
under a name of its own is not reached.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable
from typing import Any

from booking.core.protocols import Lock

LOCKS = {
    getattr(fcntl, name)
    for name in ("F_SETLK", "F_SETLKW", "F_OFD_SETLK", "F_OFD_SETLKW")
    if hasattr(fcntl, name)
}
HOST = "elsewhere"

_fcntl, _kill = fcntl.fcntl, os.kill


class Elsewhere:
    """A buyer on another machine; for a `ForkedProcess`, whose kernel it leaves for good."""

    def __init__(self, new: Callable[[], Lock]) -> None:
        self._new = new

    def acquire(self, timeout_s: float) -> bool:
        """Build the lock there, and ask for it."""
        modules: tuple[Any, Any, Any] = (fcntl, os, socket)
        kernel, system, network = modules
        kernel.flock = kernel.lockf = _granted
        kernel.fcntl = _other_kernel
        system.kill = _no_process
        network.gethostname = network.getfqdn = lambda *_: HOST
        return self._new().acquire(timeout_s)


def _granted(*_: object) -> None:
    """Grant a lock: no other process on that machine asks for it."""


def _other_kernel(fd: Any, command: int, argument: Any = 0) -> Any:
    return argument if command in LOCKS else _fcntl(fd, command, argument)


def _no_process(pid: int, number: int) -> None:
    if pid != os.getpid():
        raise ProcessLookupError
    _kill(pid, number)
