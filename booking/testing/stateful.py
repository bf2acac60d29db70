"""State machines: a store used by one person against a model, and buyers who race."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from booking.core.assembly import assemble
from booking.core.protocols import SOLD_OUT, Guard, Order, Store
from booking.core.verdict import Outcome
from booking.explorer.path import ExecutionPath
from booking.system.pickled_copy import PickledCopy
from booking.testing.scheduled_sale import judged, rehearsing, scenario_for

TICKETS_MAX = 9
CHOICES_MAX = 1000


class StoreMachine(RuleBasedStateMachine):
    """Search, buy, reset, close and open again: after each the store holds what it should.

    Derive from it, name the `store`, and hand its `TestCase` to pytest.
    """

    store: ClassVar[str | type] = "json"
    guard: ClassVar[str | None] = None
    lock: ClassVar[str | None] = None

    def __init__(self) -> None:
        super().__init__()
        self._exit = ExitStack()
        folder = Path(self._exit.enter_context(tempfile.TemporaryDirectory()))
        assembly = assemble(scenario_for(self.store, 0, 1, self.guard, self.lock, search=True))
        self._store: Store = assembly.build_store(folder)
        self._guard: Guard = assembly.build_guard(folder, self._store)
        self._remaining = 0

    @initialize(tickets=st.integers(0, TICKETS_MAX))
    def open(self, tickets: int) -> None:
        """Begin with some tickets."""
        self.reset(tickets)

    @rule(tickets=st.integers(0, TICKETS_MAX))
    def reset(self, tickets: int) -> None:
        """Put tickets in."""
        self._store.reset(tickets)
        self._remaining = tickets

    @rule()
    def search(self) -> None:
        """Look how many there are."""
        assert self._store.read() == self._remaining

    @rule(quantity=st.integers(1, TICKETS_MAX))
    def buy(self, quantity: int) -> None:
        """Order some: all of them or none."""
        reply = self._guard.sell(self._store, Order(0, quantity))
        if quantity > self._remaining:
            assert (reply.type, reply.error) == ("fail", SOLD_OUT)
            return
        assert reply.type == "ok"
        assert reply.ticket in {None, self._remaining}
        self._remaining -= quantity

    @rule()
    def reopen(self) -> None:
        """Close it; go on with a copy, as another process would."""
        copy = PickledCopy(self._store).load()
        self._store.close()
        self._store = copy

    def teardown(self) -> None:
        """Close and clear away."""
        self._store.close()
        self._exit.close()


class RaceMachine(RuleBasedStateMachine):
    """Buyers who race: each rule lets one of those who can go on take its next step."""

    store: ClassVar[str | type] = "json"
    guard: ClassVar[str | None] = None
    lock: ClassVar[str | None] = None
    buyers: ClassVar[int] = 3
    tickets: ClassVar[int] = 2

    def __init__(self) -> None:
        super().__init__()
        self._exit = ExitStack()
        self._begin()

    @rule(choice=st.integers(0, CHOICES_MAX))
    def step(self, choice: int) -> None:
        """Let somebody take a step; when nobody can, the next sale begins."""
        able = self._course.enabled()
        if able:
            self._course.take(able[choice % len(able)])
        else:
            self._end()
            self._begin()

    @invariant()
    def sound_so_far(self) -> None:
        """Nothing is broken that nothing to come could mend."""
        assert self._course.certain is None, str(judged(self._course))

    def teardown(self) -> None:
        """Let everybody finish, and judge the whole sale."""
        try:
            if self._course.certain is None:
                self._end()
        finally:
            self._exit.close()

    def _begin(self) -> None:
        self._exit.close()
        scenario = scenario_for(self.store, self.tickets, 1, self.guard, self.lock, search=False)
        self._course: ExecutionPath = self._exit.enter_context(rehearsing(scenario, self.buyers))

    def _end(self) -> None:
        while able := self._course.enabled():
            self._course.take(able[0])
        rehearsal = judged(self._course)
        assert rehearsal.verdict.outcome is Outcome.VALID, str(rehearsal)
