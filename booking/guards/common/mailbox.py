"""A mailbox between processes: a named pipe. Messages wait in it, in order, whoever dies.

It travels to other processes as a path, so it works with every start method. Both ends open it
for reading *and* writing: then it never says end-of-file, a message never meets a closed pipe,
and what was put in stays as long as anybody has it open. A message of up to PIPE_BUF bytes
goes in whole or not at all (pipe(7)), which is why one mailbox serves any number of senders.
"""

from __future__ import annotations

import fcntl
import os
import sys
from contextlib import suppress
from pathlib import Path
from termios import FIONREAD

_COUNT = bytes(4)  # room for an int
DRAIN_BYTES = 1 << 16  # all that a pipe holds, unless it was made larger


class Mailbox:
    """One named pipe; each process opens its own end of it when it first needs it."""

    def __init__(self, path: Path, *, blocking: bool) -> None:
        self.path = path
        self.resource = path.name
        self._flags = os.O_RDWR | os.O_CLOEXEC | (0 if blocking else os.O_NONBLOCK)
        self._fd = -1
        self._pid = 0

    def create(self) -> None:
        """Make the pipe, and keep it open: what waits in it lives as long as this process."""
        os.mkfifo(self.path, 0o600)
        self.fileno()

    def shrink(self) -> int:
        """Let as little wait in it as the system can do, a page; give how many bytes that is."""
        return fcntl.fcntl(self.fileno(), fcntl.F_SETPIPE_SZ, 1)

    def fileno(self) -> int:
        """Give this process's own descriptor."""
        if self._pid != os.getpid():
            self._fd = os.open(self.path, self._flags)
            self._pid = os.getpid()
        return self._fd

    def waiting(self) -> int:
        """Give how many bytes wait in it."""
        return int.from_bytes(fcntl.ioctl(self.fileno(), FIONREAD, _COUNT), sys.byteorder)

    def gather(self, expected_bytes: int) -> bytes:
        """Take all that waits, at least one message; let others run while that brings more.

        That is for up to `expected_bytes`: what those would send who were answered last. Each
        sends again as soon as he runs. If the receiver went on with what is there, senders on his
        own processor would wait until he tires of it, and those on another be served several times
        meanwhile: with 100 buyers before a clerk, the luckiest got three times the tickets of the
        least lucky, and with this 1.1 times. Who expects nobody gives nothing away.
        """
        data = os.read(self.fileno(), DRAIN_BYTES)
        while len(data) < min(expected_bytes, DRAIN_BYTES):
            os.sched_yield()
            if not self.waiting():
                break
            data += os.read(self._fd, DRAIN_BYTES)
        return data

    def close(self) -> None:
        """Let go of this process's end."""
        if self._fd >= 0 and self._pid == os.getpid():
            with suppress(OSError):
                os.close(self._fd)
        self._fd, self._pid = -1, 0

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_fd": -1, "_pid": 0}
