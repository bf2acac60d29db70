"""Kill this process's group when the other end of a pipe closes, as it does with its process.

On Linux the kernel does it: with O_ASYNC it sends a signal to the owner that F_SETOWN names, and
F_SETSIG makes that signal SIGKILL. No thread and no polling are needed, and a process that is
stopped or blocked in the kernel dies too. See fcntl(2).

Other systems have no F_SETSIG, and ignore the SIGIO that they send. There a thread waits for the
end of the pipe, and kills the group. It blocks all signals: they are for the main thread. A process
that is stopped has a stopped thread; but with its parent its group becomes an orphan, and POSIX
has the system send SIGHUP and SIGCONT to such a group.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading


def kill_group_at_end(fd: int) -> None:
    """Have this process's group killed when the pipe ends, or at once where it has ended."""
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpgid(0))
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    else:
        _watch_in_thread(fd)
    if _has_ended(fd, 0):  # before
        os.kill(os.getpid(), signal.SIGKILL)


def _watch_in_thread(fd: int) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:  # a thread starts with the mask of the one that starts it
        threading.Thread(
            target=_kill_at_end, args=(fd,), name="booking-parent", daemon=True
        ).start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _kill_at_end(fd: int) -> None:
    while not _has_ended(fd, None):
        pass  # a wait without a limit returns at the end only
    os.killpg(0, signal.SIGKILL)


def _has_ended(fd: int, timeout_ms: int | None) -> bool:
    poll = select.poll()  # `select.select` takes small descriptors only
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(timeout_ms))
