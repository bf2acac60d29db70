"""Explored tasks: each a greenlet that is suspended right before its next step."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from contextlib import suppress
from typing import cast

from greenlet import GreenletExit, getcurrent, greenlet

from booking.core.order_execution import Completion, perform_order, perform_search
from booking.core.protocols import Guard, Order, Staffed, Store
from booking.core.seam_checks import ensure_number
from booking.explorer.model import CLERK, TaskSpec
from booking.explorer.transition import CompletedOperation, Step
from booking.system.deadline import Expired, arm, disarm

SEGMENT_S = 5.0  # of one task between two steps
CANCELLATIONS_MAX = 100  # code that goes on after so many exceptions is parked for good


# Code that swallows all that is raised in it. What ends it would run it once more: never dropped.
_parked_for_good: list[greenlet] = []


class _Cancelled(GreenletExit):
    """Ends a task in the middle; each step it still tries in a `finally` raises this again."""


class Task:
    """One explored buyer: its own store, guard and stack; what it observed since its last step."""

    def __init__(
        self,
        driver: CooperativeScheduler,
        number: int,
        spec: TaskSpec,
        store: Store,
        guard: Guard,
        *,
        search: bool,
        staffed: bool,
    ) -> None:
        self.number = number
        self.spec = spec
        self.cancelled = False
        self.cancellations = 0  # raised in a step after the task was cancelled
        self.steps = 0
        self.next: Step | None = None
        self.current: Step | None = None  # the step that it took last
        self.observed: list[Hashable] = []
        self.completed: list[CompletedOperation] = []
        self.saw: int | None = None
        self.failed: BaseException | None = None
        self._driver = driver
        self._store = store
        self._guard = guard
        self._search = search
        self._staffed = staffed
        self._operation: str | None = None  # invoked, its first step not yet announced
        self.greenlet = greenlet(self._run)

    @property
    def finished(self) -> bool:
        """Whether no more steps will come."""
        return bool(self.greenlet.dead)

    def announce(self, action: str, resource: str, value: int | None) -> None:
        """Suspend the task at a step until the driver resumes it."""
        self.next = Step(action, resource, value, self._operation)
        self._operation = None
        self.steps += 1
        self._driver.suspend()
        self.current, self.next = self.next, None

    def observe(self, value: Hashable) -> None:
        """Remember what the task's code was told: all that its future depends on."""
        self.observed.append(value)

    def invoke(self, operation: str, quantity: int = 1) -> None:
        """Remember which operation begins with the next step."""
        self._operation = operation

    def complete(self, completion: Completion) -> None:
        """Keep how an operation ended, without the detail: that differs between executions."""
        self._operation = None
        self.completed.append(
            CompletedOperation(
                completion.operation, completion.type, completion.value, completion.quantity,
                completion.error,
            )
        )  # fmt: skip

    def cancel(self) -> None:
        """End the task where it is, without any effect; a crash looks different."""
        self.cancelled = True
        for _ in range(CANCELLATIONS_MAX):
            parked = self.cancellations > CANCELLATIONS_MAX
            if self.greenlet.dead or not self.greenlet or parked:
                return
            self.greenlet.throw(_Cancelled)

    def close(self) -> None:
        """Close what its own store and guard hold open."""
        with suppress(Exception):  # the user's code may raise anything
            self._store.close()
        if self._staffed:
            cast("Staffed", self._guard).close()

    def _run(self) -> None:
        try:
            if self.spec.kind == CLERK:
                self._serve()
                return
            if self._search:
                perform_search(self._store, self)
            perform_order(self._store, self._guard, Order(self.number, self.spec.quantity), self)
        except (Exception, SystemExit) as error:  # a failure of the user's code is a result
            self.failed = error

    def _serve(self) -> None:
        cast("Staffed", self._guard).serve(self._store, lambda: None)


class CooperativeScheduler:
    """The driver of an exploration: it lets one task at a time take its step."""

    def __init__(self) -> None:
        self.current: Task | None = None
        self.foreign_steps: set[str] = set()  # announced in other threads
        self._hub = getcurrent()
        self._thread = threading.get_ident()
        self._parked: list[greenlet] = []

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Suspend the task that announces a step; the harness itself is never suspended."""
        task = self.current
        if task is None:
            return
        if threading.get_ident() != self._thread:
            self.foreign_steps.add(f"{action} {resource}")
            return
        if task.cancelled:
            self._park_stubborn(task)
            raise _Cancelled
        ensure_number(value, f"step({action!r}, …)")
        task.announce(action, resource, value)

    def saw(self, value: int | None) -> None:
        """Record what the current task's step gave."""
        task = self.current
        if task is not None and not task.cancelled:
            ensure_number(value, "saw")
            task.saw = value
            task.observe(value)

    def network(self) -> None:
        """Take no time: a delay only makes some orders likely, and all of them are explored."""

    def suspend(self) -> None:
        """Switch back to the explorer."""
        self._hub.switch()

    def resume(self, task: Task, left_s: float = SEGMENT_S) -> None:
        """Run a task until its next step, or until it has finished; not beyond `left_s`."""
        task.observed, task.completed, task.saw = [], [], None
        self.current = task
        # A segment that waits for an event that never comes must not outlast the search.
        armed: bool | None = None  # it may ring before it is known
        try:
            armed = arm(min(SEGMENT_S, left_s), self._insist)
            task.greenlet.switch()
        except Expired:
            pass  # it rang when the task had stopped already
        finally:
            if armed is not False:
                disarm()
            self.current = None
        if isinstance(task.failed, Expired):
            what = f"it went on for {SEGMENT_S:.0f} s without a step that it announced"
            task.failed = TimeoutError(what)

    def cancel(self, task: Task) -> None:
        """End a task in the middle."""
        self.current = task
        try:
            task.cancel()
        finally:
            self.current = None

    def _insist(self) -> None:
        """Suspend code for good that goes on although its time is over and it was told so."""
        task = self.current
        if task is not None and getcurrent() is task.greenlet:
            task.failed, task.cancellations = Expired(), CANCELLATIONS_MAX + 1
            _parked_for_good.append(task.greenlet)
            while True:
                self._hub.switch()

    def _park_stubborn(self, task: Task) -> None:
        """Suspend code for good that goes on whatever is raised in it."""
        task.cancellations += 1
        if task.cancellations > CANCELLATIONS_MAX:
            self._parked.append(task.greenlet)  # kept: its end would run the code once more
            while True:
                self._hub.switch()
