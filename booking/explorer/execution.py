"""Execute a sale with real code: a new inventory, its buyers, one step after another."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from contextlib import suppress
from itertools import count
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, cast

from booking.core.assembly import arrange, users_code
from booking.core.base_classes import hooks, inventory_path
from booking.core.capabilities import Snapshot
from booking.core.protocols import Guard, Lock, Staffed, Store
from booking.core.steps import LOST, Driver, drive
from booking.core.traits import store_traits
from booking.explorer.audit_monitor import AuditMonitor, listen
from booking.explorer.call_monitor import CallMonitor, MonitoredLock, MonitoredStore
from booking.explorer.model import Plan
from booking.explorer.task import CooperativeScheduler, Task
from booking.explorer.transition import BoundReached, Caveat, Inconclusive, Step, Transition
from booking.history.actions import KEEPS_CONTENT, MESSAGES, Action
from booking.stores.common.connection_cache import caching_connections
from booking.system.pickled_copy import PickledCopy

CHUNK_BYTES = 1 << 16
_SHARED = frozenset({CallMonitor})  # by all copies of a monitored lock


class Contents:
    """Every shared content met so far, by number, with the count that it stands for."""

    def __init__(self) -> None:
        self.counts: list[int | None] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, content: Hashable, store: Store) -> int:
        """Return the number of a content that is in `store` right now."""
        number = self._numbers.get(content)
        if number is None:
            number = self._numbers[content] = len(self.counts)
            count = _count(store)
            self.counts.append(count if isinstance(count, int) else None)
        return number


class ExecutionEnvironment:
    """What all executions of a search share: a scratch folder, the driver, the monitors."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.contents = Contents()
        self.executions = 0
        self.driver = CooperativeScheduler()
        self.ends_s = inf  # when the time of the search is over
        self._now_s = monotonic()  # as of the last segment, so that none asks twice
        self._closely = not plan.built_in
        self._caveats: list[Caveat] = []
        self._calls = CallMonitor(self.driver, self._caveats, patient=not plan.timeouts)
        self._audit = AuditMonitor(self.driver, closely=self._closely)
        self._folder = folder
        self._serial = count()
        self._driver_before: Driver | None = None
        self._connections = caching_connections()  # from one execution to the next

    def __enter__(self) -> ExecutionEnvironment:
        self._driver_before = drive(self.driver)
        listen(self._audit)
        self._audit.start()
        self._connections.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._connections.__exit__(None, None, None)
        listen(None)
        self._audit.close()
        drive(self._driver_before)

    def open(self) -> Execution:
        """Begin an execution."""
        self.executions += 1
        self.ensure_time()
        folder = self._folder / str(next(self._serial))
        folder.mkdir()
        with users_code("setting up the sale"):
            store, guard = self.plan.set_up(folder, self._monitored)
            store.reset(self.plan.tickets)
            arrange(store, guard)
        if self.plan.staffed:
            buyers = len(self.plan.tasks) - 1  # the last task is the clerk
            cast("Staffed", guard).open(folder, buyers)
        tasks = self._tasks(store, guard)
        self._audit.begin(folder)
        return Execution(self, store, guard, tasks)

    def run_segment(self, task: Task) -> None:
        """Have a task take its step and run up to its next one, and watch what it does."""
        if self._closely:
            self._audit.before_segment()
        self.driver.resume(task, self.ends_s - self._now_s)
        self.ensure_time()  # a segment that the limit has cut short did nothing that counts
        if self._closely:
            self._audit.after_segment(task)

    def ensure_time(self) -> None:
        """Raise `BoundReached` when the time of the search is over."""
        self._now_s = now_s = monotonic()
        if now_s >= self.ends_s:
            raise BoundReached("max-seconds")

    def add_caveat(self, caveat: Caveat) -> None:
        """Remember why nothing can be proved."""
        self._caveats.append(caveat)

    def caveats(self) -> list[Caveat]:
        """Return all that was not announced, each place once."""
        what = "a step in another thread: only the buyer's own can be explored"
        foreign = [Caveat(what, step) for step in sorted(self.driver.foreign_steps)]
        return list(dict.fromkeys([*foreign, *self._caveats, *self._audit.caveats()]))

    def _tasks(self, store: Store, guard: Guard) -> list[Task]:
        """Make the tasks, each with a store and a guard of its own, as processes have them."""
        pickled = PickledCopy((store, guard), shared=_SHARED)
        tasks = []
        for number, spec in enumerate(self.plan.tasks):
            own_store, own_guard = pickled.load()
            with users_code("connecting the store"):
                hooks(own_store).connect()  # as each buyer does before it is released
            monitored: Any = MonitoredStore(own_store, self._calls)
            tasks.append(
                Task(
                    self.driver, number, spec, monitored, own_guard,
                    search=self.plan.search, staffed=self.plan.staffed,
                )
            )  # fmt: skip
        return tasks

    def _monitored(self, lock: Lock) -> Lock:
        monitored: Any = MonitoredLock(lock, self._calls)
        return cast("Lock", monitored)


class Execution:
    """One execution: the step of each task, the inventory's content, the holder of each lock."""

    def __init__(
        self, environment: ExecutionEnvironment, store: Store, guard: Guard, tasks: list[Task]
    ) -> None:
        self.tasks = tasks
        self.holds: list[tuple[str, ...]] = [()] * len(tasks)
        self.taken: list[int] = []  # the task of each step so far
        self._environment = environment
        self._store = store
        self._guard = guard
        traits = store_traits(store)
        self._snapshot = cast("Snapshot", store).snapshot if traits.snapshots else None
        self._shared = traits.shared
        self._path = inventory_path(store)
        self._hidden: list[Hashable] = []  # the effects so far that the store cannot show
        self._observed: list[tuple[Hashable, ...]] = [()] * len(tasks)
        self._irregular: set[str] = set()  # locks of which the books may be wrong by now
        self._begun: set[tuple[int, str]] = set()  # tasks, and what each of them has to release
        self._shown: Hashable = None
        self.content = self._number_of_content()
        self.first = [self.advance(number) for number in range(len(tasks))]

    def __enter__(self) -> Execution:
        return self

    def __exit__(self, *_: object) -> None:
        for task in self.tasks:
            self._environment.driver.cancel(task)
            task.close()
        self.tasks.clear()
        with suppress(Exception):  # the user's code may raise anything
            self._store.close()
        if self._environment.plan.staffed:
            cast("Staffed", self._guard).close()

    def finished(self) -> bool:
        """Return whether every task has finished."""
        return all(task.finished for task in self.tasks)

    def advance(self, number: int) -> Transition:
        """Resume a task: it takes the step it announced, and runs up to its next one."""
        task, environment = self.tasks[number], self._environment
        step = task.next
        environment.run_segment(task)
        if step is not None:
            self.taken.append(number)
        refused = step is not None and _refused(step, task.saw)
        self._remember_hidden(number, task, step)
        self._update_books(number, step, refused=refused)
        self._look(task, step)
        if task.failed is not None:
            error = task.failed
            what = f"buyer's code failed: {in_one_line(error)}"
            environment.add_caveat(Caveat(what, _after(task, step)))
        return Transition(
            tuple(task.observed), tuple(task.completed), task.next, task.saw, refused,
            self.holds[number], self.content,
        )  # fmt: skip

    def ask(self, number: int) -> bool:
        """Ask the real lock that a task waits for; return whether it refused, and the task waits.

        A wait is no step. Other tasks may only notice it by what the lock answers them later.
        """
        task = self.tasks[number]
        step = task.next
        assert step is not None
        self._environment.run_segment(task)
        if not _refused(step, task.saw) or task.next is None or task.next[:3] != step[:3]:
            return False
        task.next = step  # its operation began when it came, not when it asked again
        self._look(task, step)
        return True

    def _look(self, task: Task, step: Step | None) -> None:
        """Look at the shared content; a step that changes none must have left it as it was."""
        before = self._shown
        self.content = self._number_of_content()
        if self._shown != before and _keeps_content(step):
            what = "the shared content changed, and no step announced it"
            self._environment.add_caveat(Caveat(what, _after(task, step)))

    def _update_books(self, number: int, step: Step | None, *, refused: bool) -> None:
        """Note who holds which lock; where that may be wrong, all that follows is a state apart."""
        if step is None:
            return
        resource = step.resource
        if step.action == Action.ACQUIRE:
            self._acquired(number, resource, refused=refused)
        elif step.action == Action.RELEASE:
            self._released(number, step)
        else:
            self._begun.add((number, resource))
            return
        if resource in self._irregular:
            self._hidden.append((self.tasks[number].spec, self._observed[number]))

    def _acquired(self, number: int, resource: str, *, refused: bool) -> None:
        if refused:
            return
        self._begun.add((number, resource))
        if self.tasks[number].saw == LOST:
            return
        if any(resource in held for at, held in enumerate(self.holds) if at != number):
            self._irregular.add(resource)
        self.holds[number] = tuple(sorted((*self.holds[number], resource)))

    def _released(self, number: int, step: Step) -> None:
        """Note a release: of what was acquired, or of a transaction that another step began."""
        held = list(self.holds[number])
        if step.resource in held:
            held.remove(step.resource)
            self.holds[number] = tuple(held)
        elif (number, step.resource) not in self._begun:
            self._irregular.add(step.resource)
            if not self._environment.plan.owned_lock:
                what = "a buyer that does not hold it releases it, and may free it for another"
                self._environment.add_caveat(Caveat(what, _after(self.tasks[number], step)))
        if step.resource not in self.holds[number]:
            self._begun.discard((number, step.resource))

    def _remember_hidden(self, number: int, task: Task, step: Step | None) -> None:
        """Remember an effect that the store's content would not show."""
        self._observed[number] += (step, *task.observed)
        if step is None or step.action in KEEPS_CONTENT:
            return
        if self._snapshot is not None and step.action not in MESSAGES:
            return
        if self._path is None or step.resource != self._path.name:
            self._hidden.append((task.spec, self._observed[number]))

    def _number_of_content(self) -> int:
        """Return the number of the content that all tasks share, read without a step."""
        self._shown = self._look_at_shared()
        content = (self._shown, tuple(self._hidden)) if self._hidden else self._shown
        known = len(self._environment.contents.counts)
        number = self._environment.contents.number(content, self._store)
        if number == known and self._look_at_shared() != self._shown:
            what = "a read by the harness changes what the store shows: a read must change nothing"
            raise Inconclusive(Caveat(what, f"{type(self._store).__name__}.read"))
        return number

    def _look_at_shared(self) -> Hashable:
        """Return what the store shows of the content that all tasks share."""
        if self._snapshot is not None:
            return self._shown_by_snapshot(self._snapshot)
        if self._path is not None:
            return _bytes(self._path)
        # It shows nothing: only the same effects in the same order are surely the same.
        return _count(self._store) if self._shared else None

    def _shown_by_snapshot(self, snapshot: Callable[[], Hashable]) -> Hashable:
        try:
            shown = snapshot()
            hash(shown)
        except Exception as error:  # the user's code may raise anything
            what = f"it fails: {in_one_line(error)}"
            raise Inconclusive(Caveat(what, f"{type(self._store).__name__}.snapshot")) from None
        return shown


def in_one_line(error: BaseException) -> str:
    """Return what a user's code raised, by its type and its text."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _count(store: Store) -> int | str:
    """Return the count, read by the harness; where it fails, by what: half a file, for example."""
    try:
        return store.read()
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        return type(error).__name__


def _refused(step: Step, saw: int | None) -> bool:
    """Return whether a step would have had to wait: the lock was held, or no message was there."""
    if step.action == Action.ACQUIRE:
        return not saw
    return step.action == Action.RECEIVE and saw is None


def _keeps_content(step: Step | None) -> bool:
    """Return whether a step changes no content; a release that stores a value is a commit."""
    return step is None or (step.action in KEEPS_CONTENT and step.value is None)


def _bytes(path: Path) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        data = os.read(fd, CHUNK_BYTES)
        while len(data) % CHUNK_BYTES == 0 and (more := os.read(fd, CHUNK_BYTES)):
            data += more
        return data
    finally:
        os.close(fd)


def _after(task: Task, step: Step | None) -> str:
    where = f"after its step {step}" if step else "before its first step"
    return f"buyer {task.number}, {where}"
