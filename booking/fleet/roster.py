"""The processes of one sale: started, waited for, ended, reaped; nobody is left behind."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

from booking.errors import CapacityError

REAP_S = 5.0
TIDY_S = 2.0


class Roster:
    """Buyers by number: who was started, who lives, who ended how."""

    def __init__(self, processes: Sequence[BaseProcess]) -> None:
        self.processes = processes
        self.alive: set[int] = set()
        self.exit_codes: dict[int, int] = {}
        self.pids: dict[int, int] = {}
        self.others: set[int] = set()  # pids of those who are no buyers
        self._ends = selectors.DefaultSelector()

    def start(self, number: int) -> None:
        """Start one buyer, who never hears of a Ctrl-C: ending buyers is the harness's work."""
        process = self.processes[number]
        try:
            with _interrupts_held():
                process.start()
        except OSError as error:
            problem = f"buyer {number} could not be started: {(error.strerror or '').lower()}"
            raise CapacityError(f"{problem}; give fewer buyers") from None
        else:
            self.pids[number] = process.pid or 0
            self.alive.add(number)
            self._ends.register(process.sentinel, selectors.EVENT_READ, number)

    def employ(self, process: BaseProcess) -> None:
        """Start a process that is no buyer; it too never hears of a Ctrl-C."""
        with _interrupts_held():
            process.start()
        self.others.add(process.pid or 0)

    def wait(self, timeout_s: float, also: int | None = None) -> list[int]:
        """Give who ended within `timeout_s`; returns early when descriptor `also` has news."""
        if also is not None:
            self._ends.register(also, selectors.EVENT_READ, None)
        try:
            ready = self._ends.select(timeout_s)
        finally:
            if also is not None:
                self._ends.unregister(also)
        ended = [key.data for key, _ in ready if key.data is not None]
        for number in ended:
            self._reap(number)
        return ended

    def look(self) -> None:
        """Find buyers that are gone although a child of theirs keeps their pipe open."""
        for number in list(self.alive):
            if not self.processes[number].is_alive():
                self._reap(number)

    def end(self, how: signal.Signals = signal.SIGKILL) -> list[int]:
        """End everybody who still lives, and give who that was."""
        ended = sorted(self.alive)
        for number in ended:
            self._signal(number, how)
        for number in ended:
            self.processes[number].join(REAP_S)
            if self.processes[number].is_alive():
                self._signal(number, signal.SIGKILL)
            self._reap(number)
        return ended

    def tidy(self) -> dict[str, int]:
        """End what buyers left behind; count what is still there after that (all should be 0)."""
        ours = set(self.pids.values()) | self.others
        deadline = time.monotonic() + TIDY_S
        while True:
            left = [one for one in _processes() if one[0] in ours or one[3] in ours]
            if not left or time.monotonic() > deadline:
                break
            for pid, state, _, _ in left:
                if state != "Z":
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        self._ends.close()
        return {
            "alive": sum(pid in ours and state != "Z" for pid, state, _, _ in left),
            "zombies": sum(state == "Z" for _, state, _, _ in left),
            "orphans": sum(pid not in ours and state != "Z" for pid, state, _, _ in left),
        }

    def _signal(self, number: int, how: signal.Signals) -> None:
        """Signal a buyer's whole group; one that has not made its group yet, alone."""
        pid = self.pids[number]
        try:
            os.killpg(pid, how)
        except (ProcessLookupError, PermissionError):
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    def _reap(self, number: int) -> None:
        process = self.processes[number]
        process.join(REAP_S)
        if process.exitcode is None or number not in self.alive:
            return
        self.alive.discard(number)
        self.exit_codes[number] = process.exitcode
        with suppress(KeyError, ValueError):
            self._ends.unregister(process.sentinel)
        process.close()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back; a process started meanwhile inherits that, through exec as well."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _processes() -> Iterator[tuple[int, str, int, int]]:
    """Give pid, state, parent and group of every process; nothing where there is no /proc."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        yield int(entry.name), fields[0], int(fields[1]), int(fields[2])
