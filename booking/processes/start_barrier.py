"""The start barrier: holds every buyer until all have arrived, and then starts them at once."""

from __future__ import annotations

import os
from multiprocessing import Pipe

PIPE_BYTES = 1 << 16  # room of a pipe: so many buyers can be started with one write


class StartBarrier:
    """Two pipes, of arrivals and of starts: a byte a buyer. Works with every start method."""

    def __init__(self) -> None:
        self._arrivals, self._arrivals_end = Pipe(duplex=False)
        self._starts, self._starts_end = Pipe(duplex=False)

    def wait(self, timeout_s: float) -> bool:
        """Arrive, then wait until the barrier opens; return False after `timeout_s` seconds.

        A buyer whose harness died need not wait so long: its process ends with the harness.
        """
        self.arrive()
        return self._starts.poll(timeout_s) and os.read(self._starts.fileno(), 1) != b""

    def arrive(self) -> None:
        """Report the arrival of this process, and do not wait."""
        os.write(self._arrivals_end.fileno(), b"!")

    def has_arrivals(self, timeout_s: float = 0) -> bool:
        """Return whether a process has arrived that was not counted; wait for the first."""
        return self._arrivals.poll(timeout_s)

    @property
    def fileno(self) -> int:
        """The descriptor that becomes readable when a process arrives."""
        return self._arrivals.fileno()

    def count_arrivals(self) -> int:
        """Count the arrivals since the last call; blocks where there are none."""
        return len(os.read(self._arrivals.fileno(), PIPE_BYTES))

    def open(self, buyers: int) -> None:
        """Start all buyers: one write wakes them together."""
        os.write(self._starts_end.fileno(), b"!" * buyers)

    def close(self) -> None:
        """Close both pipes."""
        for end in (self._arrivals, self._arrivals_end, self._starts, self._starts_end):
            end.close()
