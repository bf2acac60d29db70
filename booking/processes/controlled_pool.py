"""Real processes under a schedule: one of them at a time is let through its step."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Self

from booking.core.protocols import Guard, Store
from booking.core.scenario import Scenario
from booking.history.actions import Action
from booking.history.model import Event, History, SaleEnd
from booking.processes.controlled_worker import (
    GO,
    PLAY,
    ControlledStep,
    WorkerReport,
    WorkerSpec,
    decode,
    worker_main,
)
from booking.processes.process_group import ProcessGroup

START_S = 30.0
BLOCKED_S = 0.25  # who is let through an acquire and does not come back waits for the lock
STEPS_MAX = 100_000

Choose = Callable[[Sequence[int]], int | None]  # of those who can go on; None: stop here


@dataclass(slots=True)
class ControlledRun:
    """One sale under a schedule, as the harness saw it."""

    events: list[Event] = field(default_factory=list)
    schedule: list[int] = field(default_factory=list)
    hung: list[int] = field(default_factory=list)
    failed: dict[int | str, str] = field(default_factory=dict)
    blocked: list[int] = field(default_factory=list)  # who waited inside an acquire, ever

    def steps(self) -> list[Event]:
        """The steps, in their order."""
        return [event for event in self.events if event.type == "step"]


class ControlledPool:
    """Buyers as processes that wait at each step; they sell as often as they are asked to."""

    def __init__(
        self,
        scenario: Scenario,
        store: Store,
        guard: Guard,
        quantities: Sequence[int],
        *,
        timeouts: bool = False,
    ) -> None:
        context = multiprocessing.get_context(scenario.start_method)
        self.quantities = list(quantities)
        self.patience_s = scenario.timeout
        self._timeouts = timeouts
        self._lines: list[Connection] = []
        theirs: list[Connection] = []
        processes: list[Any] = []
        for number, quantity in enumerate(self.quantities):
            ours, line = multiprocessing.Pipe()
            self._lines.append(ours)
            theirs.append(line)
            part = WorkerSpec(
                number, quantity, scenario, store, guard, line, START_S + self.patience_s
            )
            processes.append(
                context.Process(  # type: ignore[attr-defined]  # every context has it
                    target=worker_main, args=(part,), name=f"buyer-{number}", daemon=True
                )
            )
        self.roster = ProcessGroup(processes)
        try:
            for number in range(len(processes)):
                self.roster.start(number)
        except BaseException:
            self.close()
            raise
        finally:
            for line in theirs:
                line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> dict[str, int]:
        """End everybody; count who is still there after that."""
        for line in self._lines:
            line.close()
        self._lines = []
        self.roster.end(signal.SIGKILL)
        return self.roster.tidy()

    def perform(self, choose: Choose) -> ControlledRun:
        """Let everybody sell once, in the order that `choose` gives."""
        return _Round(self._lines, self.roster, self.patience_s, self._timeouts).play(choose)


class _Round:
    """One sale: where everybody stands, who holds which lock."""

    def __init__(
        self, lines: list[Connection], roster: ProcessGroup, patience_s: float, timeouts: bool
    ) -> None:
        self.lines = lines
        self.pids = roster.pids
        self.patience_s = patience_s
        self.timeouts = timeouts
        self.told = ControlledRun()
        self.standing: dict[int, ControlledStep] = {}
        self.inside: dict[int, ControlledStep] = {}  # let through, and not come back yet
        self.holders: dict[str, int] = {}

    def play(self, choose: Choose) -> ControlledRun:
        for line in self.lines:
            line.send_bytes(PLAY)
        for number in range(len(self.lines)):
            self._hear(number, None, START_S)
        for _ in range(STEPS_MAX):
            self._look()
            able = [number for number in sorted(self.standing) if self._can(number)]
            if not able:
                if not self.inside or not self._wait_for_somebody():
                    break
                continue
            chosen = choose(able)
            if chosen is None:
                break
            self._let(chosen)
        self.told.hung = sorted({*self.standing, *self.inside})
        return self.told

    def _can(self, number: int) -> bool:
        """Say whether a buyer can go on: not while another one holds the lock it wants."""
        step = self.standing[number]
        return self.timeouts or step.action != Action.ACQUIRE or step.resource not in self.holders

    def _let(self, number: int) -> None:
        step = self.standing.pop(number)
        if step.begins:
            self._write(number, "invoke", step.begins, None, step.quantity)
        self.told.schedule.append(number)
        self._write(number, "step", step.action, step.value, 1, resource=step.resource)
        if step.action == Action.RELEASE:
            self.holders.pop(step.resource, None)
        with suppress(BrokenPipeError):
            self.lines[number].send_bytes(GO)
        wait_s = BLOCKED_S if step.action == Action.ACQUIRE else self.patience_s
        if not self._hear(number, step, wait_s):
            self.inside[number] = step
            self.told.blocked.append(number)

    def _hear(self, number: int, step: ControlledStep | None, wait_s: float) -> bool:
        """Wait for a buyer to come to its next step; False: it did not, in that time."""
        line = self.lines[number]
        try:
            if not line.poll(wait_s):
                return False
            report = decode(line.recv_bytes())
        except (EOFError, ConnectionResetError):
            self.told.failed[number] = "died"
            return True
        self._note(number, step, report)
        return True

    def _note(self, number: int, step: ControlledStep | None, report: WorkerReport) -> None:
        if step is not None:
            self._saw(number, step, report.saw)
        for done in report.done:
            if not done.begun:
                self._write(number, "invoke", done.f, None, done.quantity)
            self._write(number, done.type, done.f, done.value, done.quantity, error=done.error)
        if report.failed is not None:
            self.told.failed[number] = report.failed
        if report.next is not None:
            self.standing[number] = report.next

    def _saw(self, number: int, step: ControlledStep, saw: int | None) -> None:
        """Write what the step gave beside it."""
        events = self.told.events
        for at in range(len(events) - 1, -1, -1):
            if events[at].type == "step" and events[at].process == number:
                events[at] = _with(events[at], saw)
                break
        if step.action == Action.ACQUIRE and saw == 1:
            self.holders[step.resource] = number

    def _look(self) -> None:
        """See who of those inside a lock has come back."""
        for number in list(self.inside):
            if self._hear(number, self.inside[number], 0):
                del self.inside[number]

    def _wait_for_somebody(self) -> bool:
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline:
            for number in list(self.inside):
                if self._hear(number, self.inside[number], 0.01):
                    del self.inside[number]
                    return True
        return False

    def _write(
        self,
        number: int,
        kind: str,
        f: str,
        value: int | None,
        quantity: int,
        *,
        resource: str | None = None,
        error: str | None = None,
    ) -> None:
        self.told.events.append(
            Event(
                len(self.told.events), number, kind, f, value, time.monotonic_ns(), error=error,
                quantity=quantity, resource=resource, pid=self.pids.get(number), ppid=os.getpid(),
            )
        )  # fmt: skip


def history_of(
    told: ControlledRun, tickets: int | None, remaining: int | None, numbers: str = "before"
) -> History:
    """Make a history of a performance; an order that never ended is of unknown outcome."""
    end = SaleEnd(hung=told.hung)
    return History(tickets, remaining, told.events, {"numbers": numbers}, end)


def _with(event: Event, saw: int | None) -> Event:
    import msgspec

    return msgspec.structs.replace(event, saw=saw)
