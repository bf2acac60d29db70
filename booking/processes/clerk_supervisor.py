"""The clerk of a sale: one process that carries out the orders, restarted when it dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress
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
from booking.processes.buyer_process import FAILED, describe_error, isolate_process
from booking.processes.process_group import ProcessGroup
from booking.processes.start_barrier import StartBarrier
from booking.recording.event_log import EventLogReader, create
from booking.recording.recorder import CLERK, Recorder

CLERKS_MAX = 8  # an order that kills each clerk would start new ones without end
DISMISS_S = 2.0  # a dismissed clerk that takes longer is killed
POLL_S = 0.05


@dataclass(frozen=True)
class ClerkSpec:
    """What one clerk's process is started with; pickled where it is not forked."""

    number: int
    scenario: Scenario
    store: Store
    guard: Staffed
    ready: StartBarrier
    folder: Path

    @property
    def event_log(self) -> Path:
        """The file of this clerk's events."""
        return self.folder / f"clerk-{self.number}.log"


def clerk_main(spec: ClerkSpec) -> None:
    """Run a clerk from the start of its process to the end."""
    try:
        isolate_process()
        recorder = _start_recorder(spec)
    except BaseException:  # nothing can be recorded: the harness sees that the clerk failed
        os._exit(FAILED)
    try:
        spec.guard.serve(spec.store, spec.ready.arrive)
    except BookingError as error:
        recorder.note(str(error))
        sys.exit(FAILED)
    except Exception as error:
        recorder.note(describe_error(error))
        sys.exit(FAILED)
    finally:
        spec.store.close()


def _start_recorder(spec: ClerkSpec) -> Recorder:
    # No delay: the clerk runs beside the inventory, and the network lies between it and buyers.
    recorder = Recorder(spec.event_log, CLERK, None)
    faults = spec.scenario.faults
    drive(FaultPlan(recorder, faults, "clerk", spec.folder) if faults else recorder)
    return recorder


class ClerkSupervisor:
    """Starts the clerk of a sale and its successors; does nothing where the guard needs none."""

    def __init__(
        self, scenario: Scenario, store: Store, guard: Guard, folder: Path, processes: ProcessGroup
    ) -> None:
        self._scenario, self._store, self._folder = scenario, store, folder
        self._guard = cast("Staffed", guard) if guard_traits(guard).staffed else None
        self._processes = processes
        self._ready = StartBarrier() if self._guard else None
        self._process: BaseProcess | None = None
        self.readers: list[EventLogReader] = []
        self.deaths: list[int] = []  # exit codes of clerks that were not dismissed

    @property
    def sentinel(self) -> int | None:
        """The descriptor that becomes readable when the clerk dies."""
        return self._process.sentinel if self._process is not None else None

    def open(self, timeout_s: float) -> None:
        """Start a clerk and return when it serves; raise `UsageError` with why it does not."""
        if self._guard is None or self._ready is None:
            return
        self._guard.open(self._folder, self._scenario.buyers)
        self._start(self._guard, self._ready)
        deadline = time.monotonic() + timeout_s
        while not self._ready.has_arrivals(POLL_S):
            if self._process is not None and (self._process.exitcode or 0) < 0:
                self.replace_dead()  # killed before it served
            if self._process is None or self._process.exitcode or time.monotonic() > deadline:
                self.readers[-1].drain()
                raise UsageError(self.readers[-1].note or "the clerk did not start to serve")

    def replace_dead(self) -> None:
        """Start a new clerk in place of one that died."""
        if self._guard is None or self._ready is None or self._process is None:
            return
        if self._process.is_alive():
            return
        self._note_end(self._process)
        if len(self.readers) < CLERKS_MAX:
            self._start(self._guard, self._ready)

    def close(self) -> None:
        """Dismiss the clerk after the last buyer has ended, and close its mailboxes."""
        if self._guard is None or self._ready is None:
            return
        if self._process is not None:
            with suppress(OSError):  # it is ended then: the result of the sale must not be lost
                self._guard.dismiss()
            self._process.join(DISMISS_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(DISMISS_S)
            self._note_end(self._process)
        self._guard.close()
        self._ready.close()

    def cause(self) -> str | None:
        """Return what ended the last clerk that died; None where none did."""
        if not self.deaths:
            return None
        if self.deaths[-1] < 0:
            return f"died of {signal.Signals(-self.deaths[-1]).name}"
        notes = [reader.note for reader in self.readers if reader.note]
        return notes[-1] if notes else f"ended with exit code {self.deaths[-1]}"

    def _start(self, guard: Staffed, ready: StartBarrier) -> None:
        number = len(self.readers)
        spec = ClerkSpec(number, self._scenario, self._store, guard, ready, self._folder)
        context = multiprocessing.get_context(self._scenario.start_method)
        process: BaseProcess = context.Process(  # type: ignore[attr-defined]  # every context has it
            target=clerk_main, args=(spec,), name=f"clerk-{number}", daemon=True
        )
        create(spec.event_log, CLERK)
        self.readers.append(EventLogReader(spec.event_log, "clerk"))
        try:
            self._processes.start_helper(process)
        except OSError as error:
            problem = error.strerror or str(error)
            raise CapacityError(f"no clerk could be started: {problem}") from None
        self._process = process

    def _note_end(self, process: BaseProcess) -> None:
        if process.exitcode:
            self.deaths.append(process.exitcode)
        process.close()
        self._process = None
