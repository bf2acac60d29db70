"""The gate that holds every buyer until all are there, and then lets all go at once."""

from __future__ import annotations

import os
from multiprocessing import Pipe


class StartBarrier:
    """One pipe to say "here", one to say "go": works with every start method."""

    def __init__(self) -> None:
        self._here, self._arrive = Pipe(duplex=False)
        self._go, self._open = Pipe(duplex=False)

    def wait(self, timeout_s: float) -> bool:
        """Arrive, then wait for the gate to open; False when it took longer than that.

        Whether the harness still lives is the lifeline's affair.
        """
        self.arrive()
        return self._go.poll(timeout_s) and os.read(self._go.fileno(), 1) != b""

    def arrive(self) -> None:
        """Say "here", and do not wait."""
        os.write(self._arrive.fileno(), b"!")

    def anybody(self, timeout_s: float) -> bool:
        """Wait for the first to arrive; False when nobody has."""
        return self._here.poll(timeout_s)

    @property
    def fileno(self) -> int:
        """The descriptor that becomes readable when a buyer arrives."""
        return self._here.fileno()

    def arrived(self) -> int:
        """Count the buyers that arrived since the last call; ask when `fileno` is readable."""
        return len(os.read(self._here.fileno(), 1 << 16))

    def crowded(self) -> bool:
        """Say whether somebody arrived since the last call of `arrived`."""
        return self._here.poll(0)

    def open(self, buyers: int) -> None:
        """Let them all go: a pipe holds 65,536 bytes, and one write wakes everybody."""
        os.write(self._open.fileno(), b"!" * buyers)

    def close(self) -> None:
        """Let go of both pipes."""
        for end in (self._here, self._arrive, self._go, self._open):
            end.close()
