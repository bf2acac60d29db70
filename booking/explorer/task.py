"""Where explored buyers stand: each a greenlet which is suspended right before its next step."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from contextlib import suppress
from typing import Any, cast

from greenlet import GreenletExit, getcurrent, greenlet

from booking.core.orders import Completion, perform_order, perform_search
from booking.core.protocols import Guard, Order, Staffed, Store
from booking.errors import InventoryError
from booking.explorer.model import CLERK, TaskSpec
from booking.explorer.transition import Done, Step
from booking.system.deadline import Expired, arm, disarm

SEGMENT_S = 5.0  # of one buyer between two steps
DISMISSALS_MAX = 100  # code that goes on after so many exceptions is left where it is


class _Dismissed(GreenletExit):
    """Ends a buyer in the middle; each step it still tries in a `finally` raises this again."""


class Task:
    """One explored buyer: its own store, guard and stack; what it learnt since its last step."""

    def __init__(
        self,
        stage: CooperativeScheduler,
        number: int,
        party: TaskSpec,
        store: Store,
        guard: Guard,
        *,
        search: bool,
        staffed: bool,
    ) -> None:
        self.number = number
        self.party = party
        self.dismissed = False
        self.refusals = 0
        self.steps = 0
        self.next: Step | None = None
        self.standing: Step | None = None  # the step that it was last let through
        self.seen: list[Hashable] = []
        self.done: list[Done] = []
        self.told: int | None = None
        self.failed: BaseException | None = None
        self._stage = stage
        self._store = store
        self._guard = guard
        self._search = search
        self._staffed = staffed
        self._operation: str | None = None  # invoked, its first step not yet announced
        self.greenlet = greenlet(self._live)

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to come."""
        return bool(self.greenlet.dead)

    def announce(self, action: str, resource: str, value: int | None) -> None:
        """Stand at a step until the stage lets this buyer through."""
        self.next = Step(action, resource, value, self._operation)
        self._operation = None
        self.steps += 1
        self._stage.leave()
        self.standing, self.next = self.next, None

    def learn(self, what: Hashable) -> None:
        """Remember what the buyer's code was told: it is all that its future depends on."""
        self.seen.append(what)

    def invoke(self, operation: str, quantity: int = 1) -> None:
        """Remember which operation begins with the next step."""
        self._operation = operation

    def complete(self, completion: Completion) -> None:
        """Keep how an operation ended, without the detail: that differs between executions."""
        self._operation = None
        self.done.append(
            Done(
                completion.operation,
                completion.type,
                completion.value,
                completion.quantity,
                completion.error,
            )
        )

    def dismiss(self) -> None:
        """End it where it stands, without any effect; that is not how a crash looks."""
        self.dismissed = True
        for _ in range(DISMISSALS_MAX):
            if self.greenlet.dead or not self.greenlet or self.refusals > DISMISSALS_MAX:
                return
            self.greenlet.throw(_Dismissed)

    def leave(self) -> None:
        """Let go of what its own store holds open."""
        with suppress(InventoryError):
            self._store.close()
        if self._staffed:
            cast("Staffed", self._guard).close()

    def _live(self) -> None:
        try:
            if self.party.kind == CLERK:
                self._serve()
                return
            if self._search:
                perform_search(self._store, self)
            perform_order(self._store, self._guard, Order(self.number, self.party.quantity), self)
        except (Exception, SystemExit) as error:  # the user's own failure is a result
            self.failed = error

    def _serve(self) -> None:
        guard: Any = self._guard
        guard.serve(self._store, lambda: None)


class CooperativeScheduler:
    """The driver of an exploration: it lets one buyer at a time through its step."""

    def __init__(self) -> None:
        self.current: Task | None = None
        self.strangers: set[str] = set()  # steps that came from other threads
        self._hub = getcurrent()
        self._thread = threading.get_ident()
        self._unwilling: list[greenlet] = []

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Suspend the buyer that announces a step; the harness itself is never held up."""
        actor = self.current
        if actor is None:
            return
        if threading.get_ident() != self._thread:
            self.strangers.add(f"{action} {resource}")
            return
        if actor.dismissed:
            self._hold_back(actor)
            raise _Dismissed
        actor.announce(action, resource, value)

    def saw(self, value: int | None) -> None:
        """Tell the buyer's record what its step gave."""
        actor = self.current
        if actor is not None and not actor.dismissed:
            actor.told = value
            actor.learn(value)

    def network(self) -> None:
        """Take no time: a delay is no step, it only makes orders likely that are all tried here."""

    def leave(self) -> None:
        """Go back to whoever lets buyers through."""
        self._hub.switch()

    def _hold_back(self, actor: Task) -> None:
        """Leave code that goes on whatever is raised in it where it is, for good."""
        actor.refusals += 1
        if actor.refusals > DISMISSALS_MAX:
            self._unwilling.append(actor.greenlet)  # kept, or its end would run it once more
            while True:
                self._hub.switch()

    def enter(self, actor: Task) -> None:
        """Let a buyer run until its next step, or until it has finished."""
        actor.seen, actor.done, actor.told = [], [], None
        self.current = actor
        # A segment that waits for what never comes must not outlast the search.
        armed = arm(SEGMENT_S)
        try:
            actor.greenlet.switch()
        finally:
            if armed:
                disarm()
            self.current = None
        if isinstance(actor.failed, Expired):
            what = f"it went on for {SEGMENT_S:.0f} s without a step that it announced"
            actor.failed = TimeoutError(what)

    def dismiss(self, actor: Task) -> None:
        """Send a buyer away in the middle of what it does."""
        self.current = actor
        try:
            actor.dismiss()
        finally:
            self.current = None
