"""A buyer must not outlive its harness, even one that is killed with SIGKILL.

Every process that `multiprocessing` starts holds the reading end of a pipe whose other end is
in the parent. When the parent dies the kernel closes that end. With O_ASYNC the kernel then
sends a signal to the owner that F_SETOWN names: here SIGKILL (F_SETSIG) to the buyer's whole
process group. No thread and no polling are needed, and a buyer that is stopped or blocked in
the kernel dies too. See fcntl(2).
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
from multiprocessing import parent_process


def die_with_parent() -> None:
    """Put this process into a group of its own, and have that group killed with the parent."""
    os.setpgid(0, 0)
    parent = parent_process()
    if parent is None:
        return
    fd = parent.sentinel
    fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpid())
    if hasattr(fcntl, "F_SETSIG"):  # Linux; elsewhere SIGIO comes, which kills by default too
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    # The parent may have died before. (`select.select` takes small descriptors only.)
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    if poll.poll(0):
        os.kill(os.getpid(), signal.SIGKILL)
