"""The processes of one sale: started, waited for, ended, reaped; nobody is left behind."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess

from booking.errors import CapacityError
from booking.processes.orphans import OrphanReaper

REAP_S = 5.0
TRACKED = {"spawn", "forkserver"}  # multiprocessing has a resource tracker for these
POLITE_S = 2.0  # for who was asked to end, before it is ended
POLL_S = 0.02
REAP_POLL_S = 0.0005
SENTINEL_S = 0.5  # between the end of its pipe and the end of a process


class ProcessGroup:
    """Buyers by number: who was started, who lives, who ended how."""

    def __init__(self, processes: Sequence[BaseProcess]) -> None:
        if any(getattr(one, "_start_method", None) in TRACKED for one in processes):
            # It is started with the first of them otherwise, and lets interrupts through behind it.
            resource_tracker.ensure_running()
        self.processes = processes
        self.alive: set[int] = set()
        self.exit_codes: dict[int, int] = {}
        self.pids: dict[int, int] = {}
        self.others: set[int] = set()  # pids of those who are no buyers
        self._ends = selectors.DefaultSelector()
        self._household = OrphanReaper()

    def start(self, number: int) -> None:
        """Start one buyer, who never hears of a Ctrl-C: ending buyers is the harness's work."""
        process = self.processes[number]
        # Nothing may come between a buyer's start and its entry in the roster.
        with interrupts_held():
            try:
                process.start()
            except OSError as error:
                problem = error.strerror or str(error)
                raise CapacityError(f"buyer {number} could not be started: {problem}") from None
            self.pids[number] = process.pid or 0
            self.alive.add(number)
            self._ends.register(process.sentinel, selectors.EVENT_READ, number)

    def employ(self, process: BaseProcess) -> None:
        """Start a process that is no buyer; it too never hears of a Ctrl-C."""
        with interrupts_held():
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
        numbers = [key.data for key, _ in ready if key.data is not None]
        return [number for number in numbers if self._reap(number, SENTINEL_S)]

    def look(self) -> None:
        """Find buyers that are gone although a child of theirs keeps their pipe open."""
        for number in list(self.alive):
            if not self.processes[number].is_alive():
                self._reap(number, 0)

    def end(self, how: signal.Signals = signal.SIGKILL) -> list[int]:
        """End everybody who still lives, and give who that was."""
        ended = sorted(self.alive)
        for number in ended:
            self._signal(number, how)
        deadline = time.monotonic() + POLITE_S
        while self.alive and time.monotonic() < deadline:
            self.wait(POLL_S)
            self.look()
        for number in sorted(self.alive):
            self._signal(number, signal.SIGKILL)
        for number in sorted(self.alive):
            self._reap(number, REAP_S)
        return ended

    def tidy(self) -> dict[str, int]:
        """End what buyers left behind; count what is still there after that (all should be 0)."""
        self._ends.close()
        return self._household.tidy(set(self.pids.values()) | self.others)

    def _signal(self, number: int, how: signal.Signals) -> None:
        """Signal a buyer's whole group; one that has not made its group yet, alone."""
        pid = self.pids[number]
        try:
            os.killpg(pid, how)
        except (ProcessLookupError, PermissionError):
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    def _reap(self, number: int, patience_s: float) -> bool:
        """Take a buyer off the roster who has ended; say whether it has."""
        process = self.processes[number]
        if number not in self.alive:
            return False
        with suppress(KeyError, ValueError):
            self._ends.unregister(process.sentinel)  # one that lives on is found by looking
        # Not `join`: it blocks without a limit on a process that closed its own pipe and lives on.
        deadline = time.monotonic() + patience_s
        while process.is_alive():
            if time.monotonic() >= deadline:
                return False
            time.sleep(REAP_POLL_S)
        self.alive.discard(number)
        self.exit_codes[number] = process.exitcode or 0
        process.close()
        return True


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back; a process started meanwhile inherits that, through exec too."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
