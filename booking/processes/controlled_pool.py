"""Real processes under a schedule: the harness lets one buyer at a time pass its step."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from operator import itemgetter
from typing import Any, Self

import msgspec

from booking.core.protocols import Guard, Store
from booking.core.scenario import Scenario
from booking.history.actions import Action
from booking.history.model import Event, History, SaleEnd
from booking.processes.controlled_worker import (
    PASS,
    RUN,
    ControlledStep,
    WorkerReport,
    WorkerSpec,
    decode_report,
    worker_main,
)
from booking.processes.orphans import Census
from booking.processes.process_group import ProcessGroup
from booking.schedulers.scheduler import Scheduler
from booking.schedulers.script import ScriptScheduler

START_S = 30.0
BLOCKED_S = 0.25  # a buyer that passed an acquire and reports nothing for so long is blocked
STEPS_MAX = 10_000  # in a row without the end of an operation: they lead nowhere
SPIN_TIMES = 3  # the quiet time: steps without the end of an operation for so long do not either


@dataclass(frozen=True, slots=True)
class LetIn:
    """A lock was granted to a buyer while others held it."""

    resource: str
    buyer: int
    holders: tuple[int, ...]
    event: int  # index of the acquire

    def __str__(self) -> str:
        held = " and ".join(f"buyer {number}" for number in self.holders)
        return f"lock {self.resource}: buyer {self.buyer} was let in while {held} held it"


@dataclass(slots=True)
class ControlledRun:
    """One sale under a schedule, as the harness saw it."""

    events: list[Event] = field(default_factory=list)
    schedule: list[int] = field(default_factory=list)
    hung: list[int] = field(default_factory=list)
    failed: dict[int | str, str] = field(default_factory=dict)
    blocked: list[int] = field(default_factory=list)  # each buyer that ever waited in an acquire
    let_in: list[LetIn] = field(default_factory=list)
    refusals: list[tuple[int, Event]] = field(default_factory=list)  # acquires of a held lock
    met: bool = False  # whether a buyer stood at a lock that another one held

    def steps(self) -> list[Event]:
        """Return the steps, in their order."""
        return [event for event in self.events if event.type == "step"]

    def steps_with_refusals(self) -> list[Event]:
        """Return the steps, and among them what a lock refused: one that lets in may do so for it.

        A refusal comes with the number of steps before it.
        """
        resources = {found.resource for found in self.let_in}
        refused = [(at, event) for at, event in self.refusals if event.resource in resources]
        together = [*refused, *((at + 0.5, step) for at, step in enumerate(self.steps()))]
        return [event for _, event in sorted(together, key=itemgetter(0))]


class ControlledPool:
    """Buyers as processes that wait at each step; every run runs each of them once."""

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
        self._step_timeout_s = scenario.timeout
        self._timeouts = timeouts
        self._connections: list[Connection] = []
        far_ends: list[Connection] = []
        processes: list[Any] = []
        for number, quantity in enumerate(quantities):
            near_end, far_end = multiprocessing.Pipe()
            self._connections.append(near_end)
            far_ends.append(far_end)
            spec = WorkerSpec(
                number, quantity, scenario, store, guard, far_end, START_S + scenario.timeout
            )
            processes.append(
                context.Process(  # type: ignore[attr-defined]  # every context has it
                    target=worker_main, args=(spec,), name=f"buyer-{number}", daemon=True
                )
            )
        self.processes = ProcessGroup(processes)
        try:
            for number in range(len(processes)):
                self.processes.start(number)
        except BaseException:
            self.close()
            raise
        finally:
            for far_end in far_ends:
                far_end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> Census:
        """End every process; count those that are still there after that."""
        for connection in self._connections:
            connection.close()
        self._connections = []
        self.processes.end(signal.SIGKILL)
        return self.processes.reap_orphans()

    def run(self, scheduler: Scheduler) -> ControlledRun:
        """Run every buyer once, in the order that the scheduler chooses."""
        controller = _RunController(
            self._connections, self.processes.pids, self._step_timeout_s, self._timeouts, scheduler
        )
        return controller.run()


class _RunController:
    """One run: which buyers wait at a step, which were let pass, and which holds each lock."""

    def __init__(
        self,
        connections: list[Connection],
        pids: dict[int, int],
        step_timeout_s: float,
        timeouts: bool,
        scheduler: Scheduler,
    ) -> None:
        self.scheduler = scheduler
        self.script = scheduler if isinstance(scheduler, ScriptScheduler) else None
        self.connections = connections
        self.pids = pids
        self.step_timeout_s = step_timeout_s
        self.timeouts = timeouts
        self.result = ControlledRun()
        self.waiting: dict[int, ControlledStep] = {}  # reported, and not let pass yet
        self.passed: dict[int, ControlledStep] = {}  # let pass, and nothing reported since
        self.holders: dict[str, list[int]] = {}
        self.changes: dict[str, int] = {}  # grants and releases of each lock so far
        self.asked: dict[int, int] = {}  # of each buyer, the changes when its held lock refused it
        self.refused: dict[int, int] = {}  # of each buyer, the steps taken when it was refused
        self.ended_at = 0  # steps taken when an operation ended last
        self.ended_s = 0.0  # and the time of that
        self.last_step_at: dict[int, int] = {}  # index of each buyer's last step in the events

    def run(self) -> ControlledRun:
        for connection in self.connections:
            connection.send_bytes(RUN)
        for number in range(len(self.connections)):
            self._receive(number, None, START_S)
        self.ended_s = time.monotonic()
        while not self._spins():
            self._poll_passed()
            if self.script is None:
                self._ask_held()
            able = [number for number in sorted(self.waiting) if self._can_pass(number)]
            if not able:
                if not self.passed or not self._wait_for_any():
                    break
                continue
            chosen = self.scheduler.choose(able)
            if chosen is None:
                break
            self._let_pass(chosen)
        self.result.hung = sorted({*self.waiting, *self.passed})
        return self.result

    def _spins(self) -> bool:
        """Return whether buyers take step after step, and end nothing that they began."""
        if len(self.result.schedule) - self.ended_at > STEPS_MAX:
            return True
        return time.monotonic() - self.ended_s > SPIN_TIMES * self.step_timeout_s

    def _can_pass(self, number: int) -> bool:
        """Return whether a buyer can go on: it need not wait, as far as the harness knows.

        A counterexample may say what a held lock answers its buyer: then the lock is asked.
        """
        step = self.waiting[number]
        if self.timeouts or step.action != Action.ACQUIRE:
            return True
        if self.refused.get(number) == len(self.result.schedule):
            return False
        asks = self.script is not None and self.script.asks == number
        return asks or not self.holders.get(step.resource)

    def _ask_held(self) -> None:
        """Have each buyer that must wait ask its lock, again after each grant and release of it.

        The lock answers, not the harness. A refusal leaves no trace, and who is let in goes on.
        """
        for number in sorted(self.waiting):
            step = self.waiting[number]
            changes = self.changes.get(step.resource, 0)
            held = step.action == Action.ACQUIRE and bool(self.holders.get(step.resource))
            self.result.met |= held
            if step.asks and held and self.asked.get(number) != changes:
                self.asked[number] = changes
                self._let_pass(number)

    def _let_pass(self, number: int) -> None:
        step = self.waiting.pop(number)
        events, steps = len(self.result.events), len(self.result.schedule)
        if step.begins:
            self._write(number, "invoke", step.begins, None, step.quantity)
        self.result.schedule.append(number)
        self.last_step_at[number] = len(self.result.events)
        self._write(number, "step", step.action, step.value, 1, resource=step.resource)
        if step.action == Action.RELEASE:
            self._change(step.resource)
            if number in self.holders.get(step.resource, ()):
                self.holders[step.resource].remove(number)
        with suppress(BrokenPipeError):
            self.connections[number].send_bytes(PASS)
        timeout_s = BLOCKED_S if step.action == Action.ACQUIRE else self.step_timeout_s
        if not self._receive(number, step, timeout_s):
            self.passed[number] = step
            self.result.blocked.append(number)
        elif step.asks and self._stands_again(number, step):
            if self.script is not None and self.script.expects_refusal:
                return
            self.result.refusals.append((steps, self.result.events[self.last_step_at[number]]))
            del self.result.events[events:], self.result.schedule[steps:]
            self.waiting[number] = step  # with what it began
            self.refused[number] = steps

    def _stands_again(self, number: int, step: ControlledStep) -> bool:
        """Return whether a buyer was refused, and waits at the same step."""
        again = self.waiting.get(number)
        if self.result.events[self.last_step_at[number]].saw != 0 or again is None:
            return False
        return (again.action, again.resource) == (step.action, step.resource)

    def _receive(self, number: int, step: ControlledStep | None, timeout_s: float) -> bool:
        """Wait for a buyer's report on `step`; return False where none comes in that time."""
        connection = self.connections[number]
        try:
            if not connection.poll(timeout_s):
                return False
            report = decode_report(connection.recv_bytes())
        except (EOFError, ConnectionResetError):
            self.result.failed[number] = "died"
            return True
        self._apply(number, step, report)
        return True

    def _apply(self, number: int, step: ControlledStep | None, report: WorkerReport) -> None:
        if step is not None:
            self._add_saw(number, step, report.saw)
        if report.done or report.next is None:
            self.ended_at, self.ended_s = len(self.result.schedule), time.monotonic()
        for done in report.done:
            if not done.begun:
                self._write(number, "invoke", done.f, None, done.quantity)
            self._write(number, done.type, done.f, done.value, done.quantity, error=done.error)
        if report.failed is not None:
            self.result.failed[number] = report.failed
        if report.next is not None:
            self.waiting[number] = report.next

    def _add_saw(self, number: int, step: ControlledStep, saw: int | None) -> None:
        """Add what the step gave to its event; it may have been the acquire of a lock."""
        events, at = self.result.events, self.last_step_at[number]
        events[at] = msgspec.structs.replace(events[at], saw=saw)
        if step.action == Action.ACQUIRE and saw == 1:
            holders = self.holders.setdefault(step.resource, [])
            if others := tuple(other for other in holders if other != number):
                self.result.let_in.append(LetIn(step.resource, number, others, at))
            holders.append(number)
            self._change(step.resource)

    def _change(self, resource: str) -> None:
        self.changes[resource] = self.changes.get(resource, 0) + 1

    def _poll_passed(self) -> None:
        """Receive what buyers that were let pass have reported by now."""
        for number in list(self.passed):
            if self._receive(number, self.passed[number], 0):
                del self.passed[number]

    def _wait_for_any(self) -> bool:
        """Wait until a buyer that was let pass reports; return False where none does."""
        passed = [self.connections[number] for number in self.passed]
        return bool(wait(passed, self.step_timeout_s))

    def _write(
        self,
        number: int,
        kind: str,
        f: str,
        value: int | str | None,
        quantity: int,
        *,
        resource: str | None = None,
        error: str | None = None,
    ) -> None:
        self.result.events.append(
            Event(
                len(self.result.events), number, kind, f, value, time.monotonic_ns(), error=error,
                quantity=quantity, resource=resource, pid=self.pids.get(number), ppid=os.getpid(),
            )
        )  # fmt: skip


def history_of(
    run: ControlledRun, tickets: int | None, remaining: int | None, numbers: str = "before"
) -> History:
    """Return a run as a history; an order that never ended is of unknown outcome."""
    sale = {} if numbers == "before" else {"numbers": numbers}
    return History(tickets, remaining, run.events, sale, SaleEnd(hung=run.hung))
