"""A mailbox between processes: a named pipe. Messages wait in it, in order, even if senders die.

It travels to other processes as a path, so it works with every start method. Both ends open it
for reading *and* writing. It then never reports end-of-file, a message never meets a closed pipe,
and messages stay as long as any process has it open. A message of up to PIPE_BUF bytes is written
whole or not at all (pipe(7)): one mailbox serves any number of senders.
"""

from __future__ import annotations

import fcntl
import os
import sys
from contextlib import suppress
from pathlib import Path
from termios import FIONREAD

from booking.core.per_process import PerProcess

_COUNT = bytes(4)  # room for an int
DRAIN_BYTES = 1 << 16  # all that a pipe holds, unless it was made larger


class Mailbox(PerProcess[int]):
    """One named pipe; each process opens its own descriptor at first use."""

    def __init__(self, path: Path, *, blocking: bool) -> None:
        self.path = path
        self.resource = path.name
        self._flags = os.O_RDWR | os.O_CLOEXEC | (0 if blocking else os.O_NONBLOCK)

    def create(self) -> None:
        """Make the pipe and keep it open: messages wait in it as long as this process lives."""
        os.mkfifo(self.path, 0o600)
        self.fileno()

    def shrink(self) -> int:
        """Reduce the pipe's size to the smallest possible, a page; return it in bytes."""
        return fcntl.fcntl(self.fileno(), fcntl.F_SETPIPE_SZ, 1)

    def fileno(self) -> int:
        """Return this process's own descriptor."""
        return self.own()

    def waiting(self) -> int:
        """Return how many bytes wait in it."""
        return int.from_bytes(fcntl.ioctl(self.fileno(), FIONREAD, _COUNT), sys.byteorder)

    def gather(self, expected_bytes: int) -> bytes:
        """Read all that waits, at least one message; yield the processor while that brings more.

        It yields for up to `expected_bytes`: what the buyers would send that were answered last.
        Each sends again as soon as it runs. A receiver that went on at once would starve the
        senders on its own processor, while those on another are served several times. Measured
        with 100 buyers before a clerk: the luckiest got three times the tickets of the least
        lucky, and with this 1.1 times. A receiver that expects nothing never yields.
        """
        fd = self.fileno()
        data = os.read(fd, DRAIN_BYTES)
        while len(data) < min(expected_bytes, DRAIN_BYTES):
            os.sched_yield()
            if not self.waiting():
                break
            data += os.read(fd, DRAIN_BYTES)
        return data

    def close(self) -> None:
        """Close this process's descriptor."""
        self.release_own()

    def open_own(self) -> int:
        """Open the pipe for reading and writing."""
        return os.open(self.path, self._flags)

    def close_own(self, own: int) -> None:
        """Close the descriptor."""
        with suppress(OSError):
            os.close(own)
