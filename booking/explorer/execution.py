"""One execution with real code: a fresh inventory, its buyers, one step after another."""

from __future__ import annotations

import os
from collections.abc import Hashable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, cast

from booking.core.assembly import arrange
from booking.core.bases import inventory_path
from booking.core.protocols import Guard, Staffed, Store
from booking.core.steps import drive
from booking.core.traits import store_traits
from booking.errors import InventoryError
from booking.explorer.audit_monitor import AuditMonitor, listen
from booking.explorer.call_monitor import CallMonitor, MonitoredLock, MonitoredStore
from booking.explorer.model import Plan
from booking.explorer.task import CooperativeScheduler, Task
from booking.explorer.transition import NEVER, Caveat, Step, Transition
from booking.history.actions import KEEPS_CONTENT, MESSAGES, Action
from booking.stores.common.connection_cache import caching_connections
from booking.system.pickled_copy import PickledCopy

CHUNK_BYTES = 1 << 16


class Contents:
    """Every shared content met so far, by number, with the count that it stands for."""

    def __init__(self) -> None:
        self.counts: list[int | None] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, content: Hashable, store: Store) -> int:
        """Give the number of a content that is in `store` right now."""
        number = self._numbers.get(content)
        if number is None:
            number = self._numbers[content] = len(self.counts)
            try:
                self.counts.append(store.read())
            except InventoryError:
                self.counts.append(None)
        return number


class ExecutionEnvironment:
    """Where executions take place: a scratch folder, the driver, the ears."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.contents = Contents()
        self.executions = 0
        self.stage = CooperativeScheduler()
        self._doubts: list[Caveat] = []
        self._listener = CallMonitor(self.stage, self._doubts)
        self._audit = AuditMonitor(self.stage)
        self._folder = folder
        self._serial = count()
        self._before: Any = None
        self._cache = caching_connections()  # connections, from one execution to the next

    def __enter__(self) -> ExecutionEnvironment:
        self._before = (drive(self.stage), MonitoredLock.listener)
        MonitoredLock.listener = self._listener
        listen(self._audit)
        self._cache.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._cache.__exit__(None, None, None)
        listen(None)
        driver, MonitoredLock.listener = self._before
        drive(driver)

    def open(self) -> Execution:
        """Begin an execution."""
        self.executions += 1
        folder = self._folder / str(next(self._serial))
        folder.mkdir()
        store, guard = self.plan.set_up(folder)
        store.reset(self.plan.tickets)
        arrange(store, guard)
        if self.plan.staffed:
            buyers = len(self.plan.parties) - 1  # the last one is the clerk
            cast("Staffed", guard).open(folder, buyers)
        mould = PickledCopy((store, guard))
        actors = []
        for number, party in enumerate(self.plan.parties):
            own_store, own_guard = mould.load()
            attentive: Any = MonitoredStore(own_store, self._listener)
            actors.append(
                Task(
                    self.stage,
                    number,
                    party,
                    attentive,
                    own_guard,
                    search=self.plan.search,
                    staffed=self.plan.staffed,
                )
            )
        self._audit.begin(folder)
        return Execution(self, store, guard, actors)

    def doubt(self, doubt: Caveat) -> None:
        """Remember why nothing can be proved."""
        self._doubts.append(doubt)

    def doubts(self) -> list[Caveat]:
        """Give all that was not announced, each place once."""
        threads = [
            Caveat("a step in another thread: only the buyer's own can be explored", one)
            for one in sorted(self.stage.strangers)
        ]
        return list(dict.fromkeys([*threads, *self._doubts, *self._audit.doubts()]))


class Execution:
    """One execution: who stands where, what is in the inventory, who holds which lock."""

    def __init__(
        self, theatre: ExecutionEnvironment, store: Store, guard: Guard, actors: list[Task]
    ) -> None:
        self.actors = actors
        self.holds: list[tuple[str, ...]] = [()] * len(actors)
        self._theatre = theatre
        self._store = store
        self._guard = guard
        traits = store_traits(store)
        self._shows, self._shared = traits.snapshots, traits.shared
        self._path = inventory_path(store)
        self._told: list[Hashable] = []  # the effects so far that the store cannot show
        self._known: list[tuple[Hashable, ...]] = [()] * len(actors)
        self.content = self._look()
        self.first = [self._enter(number) for number in range(len(actors))]

    def __enter__(self) -> Execution:
        return self

    def __exit__(self, *_: object) -> None:
        for actor in self.actors:
            self._theatre.stage.dismiss(actor)
            actor.leave()
        self.actors.clear()
        with suppress(InventoryError):
            self._store.close()
        if self._theatre.plan.staffed:
            cast("Staffed", self._guard).close()

    def advance(self, number: int) -> Transition:
        """Let a buyer through the step that it stands at."""
        return self._enter(number)

    def finished(self) -> bool:
        """Whether every buyer has."""
        return all(actor.finished for actor in self.actors)

    def _enter(self, number: int) -> Transition:
        actor, theatre = self.actors[number], self._theatre
        step = actor.next
        theatre.stage.enter(actor)
        self._remember(number, actor, step)
        content = self._look()
        if content != self.content and _changes_nothing(step):
            what = "the shared content changed, and no step announced it"
            theatre.doubt(Caveat(what, _after(actor, step)))
        self.content = content
        if actor.failed is not None:
            error = actor.failed
            what = f"buyer's code failed: {type(error).__name__}: {' '.join(str(error).split())}"
            theatre.doubt(Caveat(what, _after(actor, step)))
        refused = step is not None and _refused(step, actor.told)
        self._hold(number, step, refused=refused)
        return Transition(
            tuple(actor.seen), tuple(actor.done), actor.next, actor.told, refused,
            self.holds[number], content,
        )  # fmt: skip

    def _hold(self, number: int, step: Step | None, *, refused: bool) -> None:
        if step is None:
            return
        held = self.holds[number]
        if step.action == Action.ACQUIRE and not refused and self.actors[number].told != NEVER:
            self.holds[number] = tuple(sorted((*held, step.resource)))
        elif step.action == Action.RELEASE and step.resource in held:
            rest = list(held)
            rest.remove(step.resource)
            self.holds[number] = tuple(rest)

    def _remember(self, number: int, actor: Task, step: Step | None) -> None:
        """Note an effect that looking at the store would not show."""
        self._known[number] += (step, *actor.seen)
        if step is None or step.action in KEEPS_CONTENT:
            return
        if self._shows and step.action not in MESSAGES:
            return
        if self._path is None or step.resource != self._path.name:
            self._told.append((actor.party, self._known[number]))

    def _look(self) -> int:
        """Give the number of the content that all buyers share, read behind the seam's back."""
        store: Any = self._store
        content: Hashable
        if self._shows:
            content = (store.snapshot(), tuple(self._told)) if self._told else store.snapshot()
        elif self._path is not None:
            content = (_bytes(self._path), tuple(self._told))
        elif self._shared:
            # It shows nothing: only the same effects in the same order are surely the same.
            content = (self._count(), tuple(self._told))
        else:
            content = None
        return self._theatre.contents.number(content, store)

    def _count(self) -> int | str:
        try:
            return self._store.read()
        except InventoryError as error:
            return type(error).__name__


def _refused(step: Step, told: int | None) -> bool:
    """Say whether a step that may have to wait would have: no lock was had, no message came."""
    if step.action == Action.ACQUIRE:
        return not told
    return step.action == Action.RECEIVE and told is None


def _changes_nothing(step: Step | None) -> bool:
    """Say whether a step leaves the content alone; a release that stores a value is a commit."""
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


def _after(actor: Task, step: Step | None) -> str:
    where = f"after its step {step}" if step else "before its first step"
    return f"buyer {actor.number}, {where}"
