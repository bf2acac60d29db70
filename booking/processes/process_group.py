"""The processes of one sale: started, awaited, ended and reaped; none is left behind."""

from __future__ import annotations

import multiprocessing
import os
import selectors
import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from multiprocessing.process import BaseProcess

from booking.errors import CapacityError
from booking.processes.orphans import Census, OrphanReaper
from booking.system.advice import of_the_system
from booking.system.clean_up import CleanUp
from booking.system.scratch import process_folder
from booking.system.signals import check, signals_blocked
from booking.system.tracked_resources import start_tracker

REAP_S = 5.0
TRACKED = {"spawn", "forkserver"}  # start methods for which multiprocessing has a resource tracker
TERMINATE_S = 2.0  # between the signal that asks buyers to end and SIGKILL
POLL_S = 0.02
REAP_POLL_S = 0.0005
SENTINEL_S = 0.5  # between the end of its pipe and the end of a process


class ProcessGroup:
    """The buyers of a sale by number: which were started, which live, how the others ended."""

    def __init__(self, processes: Sequence[BaseProcess]) -> None:
        if any(getattr(process, "_start_method", None) in TRACKED for process in processes):
            # Otherwise it starts with the first process, and its start unblocks interrupts there.
            start_tracker()
        if any(getattr(process, "_start_method", None) == "forkserver" for process in processes):
            claim_temporary_folder()
        self.processes = processes
        self.alive: set[int] = set()
        self.exit_codes: dict[int, int] = {}
        self.pids: dict[int, int] = {}
        self.helper_pids: set[int] = set()  # of processes that are no buyers
        self._sentinels = selectors.DefaultSelector()
        self._orphan_reaper = OrphanReaper()
        self._clean_up = CleanUp(self.end)

    def start(self, number: int) -> None:
        """Start one buyer, with signals blocked: ending buyers is the work of the harness."""
        process = self.processes[number]
        # No signal may come between the start of a process and its entry in `alive`.
        with signals_blocked():
            try:
                process.start()
            except OSError as error:
                problem = of_the_system(error) or error.strerror or str(error)
                raise CapacityError(f"buyer {number} could not be started: {problem}") from None
            self.pids[number] = process.pid or 0
            self.alive.add(number)
            self._sentinels.register(process.sentinel, selectors.EVENT_READ, number)

    def start_helper(self, process: BaseProcess) -> None:
        """Start a process that is no buyer, with signals blocked, too."""
        with signals_blocked():
            process.start()
            self.helper_pids.add(process.pid or 0)

    def wait(self, timeout_s: float, also: int | None = None) -> list[int]:
        """Return the buyers that ended within `timeout_s`; earlier if `also` becomes readable."""
        check()
        if also is not None:
            self._sentinels.register(also, selectors.EVENT_READ, None)
        try:
            ready = self._sentinels.select(timeout_s)
        finally:
            if also is not None:
                self._sentinels.unregister(also)
        numbers = [key.data for key, _ in ready if key.data is not None]
        return [number for number in numbers if self._reap(number, SENTINEL_S)]

    def reap_ended(self) -> None:
        """Reap buyers that ended although a child of theirs keeps their pipe open."""
        for number in list(self.alive):
            if not self.processes[number].is_alive():
                self._reap(number, 0)

    def end(
        self, how: signal.Signals = signal.SIGKILL, only: Iterable[int] | None = None
    ) -> list[int]:
        """End every buyer that lives, or `only` those; return their numbers."""
        ended = sorted(self.alive if only is None else self.alive & set(only))
        for number in ended:
            self._signal(number, how)
        deadline = time.monotonic() + TERMINATE_S
        while not self.alive.isdisjoint(ended) and time.monotonic() < deadline:
            self.wait(POLL_S)
            self.reap_ended()
        for number in sorted(self.alive.intersection(ended)):
            self._signal(number, signal.SIGKILL)
        for number in sorted(self.alive.intersection(ended)):
            self._reap(number, REAP_S)
        return ended

    def reap_orphans(self) -> Census:
        """End what buyers left behind; count what is still there after that."""
        self._sentinels.close()
        self._clean_up.forget()
        return self._orphan_reaper.reap(set(self.pids.values()) | self.helper_pids)

    def _signal(self, number: int, how: signal.Signals) -> None:
        """Signal a buyer's whole group; the buyer alone if it has not made its group yet."""
        pid = self.pids[number]
        try:
            os.killpg(pid, how)
        except (ProcessLookupError, PermissionError):
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    def _reap(self, number: int, timeout_s: float) -> bool:
        """Reap a buyer that ended within `timeout_s`; return whether it did."""
        process = self.processes[number]
        if number not in self.alive:
            return False
        with suppress(KeyError, ValueError):
            self._sentinels.unregister(process.sentinel)  # `reap_ended` finds one that lives on
        # Not `join`: it blocks without a limit on a process that closed its own pipe and lives on.
        deadline = time.monotonic() + timeout_s
        while process.is_alive():
            if time.monotonic() >= deadline:
                return False
            time.sleep(REAP_POLL_S)
        self.alive.discard(number)
        self.exit_codes[number] = process.exitcode or 0
        process.close()
        return True


def claim_temporary_folder() -> None:
    """Have multiprocessing keep its sockets in a folder of ours, which is swept after a SIGKILL.

    Otherwise it makes a folder `pymp-…` for them, which only a normal exit removes.
    """
    config = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # as it does itself
    if config.get("tempdir") is None:
        config["tempdir"] = str(process_folder())
