"""The clerk of a sale: one process behind the counter, and a new one when it dies."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

from booking.core.protocols import Guard, Staffed, Store
from booking.core.scenario import Scenario
from booking.core.steps import drive
from booking.core.traits import guard_traits
from booking.errors import BookingError, CapacityError, UsageError
from booking.faults.injector import FaultPlan
from booking.processes.buyer_process import FAILED, described, settle
from booking.processes.process_group import ProcessGroup
from booking.processes.start_barrier import StartBarrier
from booking.recording.event_log import EventLogReader
from booking.recording.recorder import CLERK, Recorder

CLERKS_MAX = 8  # whoever dies of every order would die for ever
GO_HOME_S = 2.0


@dataclass(frozen=True)
class ClerkSpec:
    """Everything that one clerk brings to a sale; it travels to its process."""

    number: int
    scenario: Scenario
    store: Store
    guard: Staffed
    gate: StartBarrier
    folder: Path

    @property
    def logbook(self) -> Path:
        """Where this clerk's events are."""
        return self.folder / f"clerk-{self.number}.log"


def work(shift: ClerkSpec) -> None:
    """Be the clerk: the whole life of its process."""
    settle()
    # No delay: the clerk sits beside the inventory, and the network is before him.
    recorder = Recorder(shift.logbook, CLERK, None)
    faults = shift.scenario.faults
    drive(FaultPlan(recorder, faults, "clerk", shift.folder) if faults else recorder)
    try:
        shift.guard.serve(shift.store, shift.gate.arrive)
    except BookingError as error:
        recorder.note(str(error))
        sys.exit(FAILED)
    except Exception as error:
        recorder.note(described(error))
        sys.exit(FAILED)
    finally:
        shift.store.close()


class ClerkSupervisor:
    """Who serves in one sale: nobody, or a clerk and its successors."""

    def __init__(
        self, scenario: Scenario, store: Store, guard: Guard, folder: Path, roster: ProcessGroup
    ) -> None:
        self._scenario, self._store, self._folder = scenario, store, folder
        self._guard = cast("Staffed", guard) if guard_traits(guard).staffed else None
        self._roster = roster
        self._gate = StartBarrier() if self._guard else None
        self._process: BaseProcess | None = None
        self.tails: list[EventLogReader] = []
        self.deaths: list[int] = []  # exit codes of clerks that did not go home by themselves

    @property
    def news(self) -> int | None:
        """The descriptor that becomes readable when the clerk dies."""
        return self._process.sentinel if self._process is not None else None

    def open(self, limit_s: float) -> None:
        """Open the counter: back when a clerk is on duty, or `UsageError` says why not."""
        if self._guard is None or self._gate is None:
            return
        self._guard.open(self._folder, self._scenario.buyers)
        self._start(self._guard, self._gate)
        deadline = time.monotonic() + limit_s
        while not self._gate.anybody(0.05):
            if self._process is not None and (self._process.exitcode or 0) < 0:
                self.look()  # killed on his way: another one comes
            if self._process is None or self._process.exitcode or time.monotonic() > deadline:
                self.tails[-1].rest()
                raise UsageError(self.tails[-1].note or "the clerk did not come to work")

    def look(self) -> None:
        """Let a new clerk take over from one that died."""
        if self._guard is None or self._gate is None or self._process is None:
            return
        if self._process.is_alive():
            return
        self._bury(self._process)
        if len(self.tails) < CLERKS_MAX:
            self._start(self._guard, self._gate)

    def close(self) -> None:
        """Send the clerk home when the last buyer is gone, and close the counter."""
        if self._guard is None or self._gate is None:
            return
        if self._process is not None:
            self._guard.dismiss()
            self._process.join(GO_HOME_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(GO_HOME_S)
            self._bury(self._process)
        self._guard.close()
        self._gate.close()

    def cause(self) -> str | None:
        """Say what ended the last clerk that died."""
        if not self.deaths:
            return None
        if self.deaths[-1] < 0:
            return f"died of {signal.Signals(-self.deaths[-1]).name}"
        notes = [tail.note for tail in self.tails if tail.note]
        return notes[-1] if notes else f"ended with exit code {self.deaths[-1]}"

    def _start(self, guard: Staffed, gate: StartBarrier) -> None:
        number = len(self.tails)
        shift = ClerkSpec(number, self._scenario, self._store, guard, gate, self._folder)
        context = multiprocessing.get_context(self._scenario.start_method)
        self._process = context.Process(  # type: ignore[attr-defined]  # every context has it
            target=work, args=(shift,), name=f"clerk-{number}", daemon=True
        )
        self.tails.append(EventLogReader(shift.logbook, "clerk"))
        try:
            self._roster.employ(self._process)
        except OSError as error:
            raise CapacityError(f"no clerk could be started: {error.strerror}") from None

    def _bury(self, process: BaseProcess) -> None:
        if process.exitcode:
            self.deaths.append(process.exitcode)
        process.close()
        self._process = None
