"""State machines: one user of a store against a model, and buyers that race."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from booking.core.assembly import assemble
from booking.core.protocols import SOLD_OUT, Guard, Order, Store
from booking.experiments.one_order import OneOrder
from booking.schedulers.choices import ChoicesScheduler
from booking.system.pickled_copy import PickledCopy
from booking.testing.scheduled_sale import new_order, sale_of, scenario_for

TICKETS_MAX = 9
CHOICES_MAX = 1000


class StoreMachine(RuleBasedStateMachine):
    """Searches, buys, resets and reopens a store, and compares it with a model after each rule.

    Derive from it, name the `store`, and give its `TestCase` to pytest.
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
        """Start with some tickets."""
        self.reset(tickets)

    @rule(tickets=st.integers(0, TICKETS_MAX))
    def reset(self, tickets: int) -> None:
        """Reset the store to a number of tickets."""
        self._store.reset(tickets)
        self._remaining = tickets

    @rule()
    def search(self) -> None:
        """Read the count."""
        assert self._store.read() == self._remaining

    @rule(quantity=st.integers(1, TICKETS_MAX))
    def buy(self, quantity: int) -> None:
        """Order tickets: all of them or none."""
        reply = self._guard.sell(self._store, Order(0, quantity))
        if quantity > self._remaining:
            assert (reply.type, reply.error) == ("fail", SOLD_OUT)
            return
        assert reply.type == "ok"
        assert reply.ticket in {None, self._remaining}
        self._remaining -= quantity

    @rule()
    def reopen(self) -> None:
        """Close the store; go on with a copy, as another process would."""
        copy = PickledCopy(self._store).load()
        self._store.close()
        self._store = copy

    def teardown(self) -> None:
        """Close the store, and remove its folder."""
        self._store.close()
        self._exit.close()


class RaceMachine(RuleBasedStateMachine):
    """Buyers that race: each rule takes the next step of one enabled buyer."""

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
        """Take a step of one buyer; when none is enabled, begin the next sale."""
        path = self._order.path
        with self._order.noting_doubts():
            if enabled := path.enabled():
                path.take(enabled[choice % len(enabled)])
                return
        self._end()
        self._begin()

    @invariant()
    def sound_so_far(self) -> None:
        """No anomaly is certain, whatever steps follow."""
        assert self._order.path.certain is None, str(sale_of(self._order))

    def teardown(self) -> None:
        """Finish every buyer, and check the whole sale."""
        try:
            if self._order.path.certain is None:
                self._end()
        finally:
            self._exit.close()

    def _begin(self) -> None:
        self._exit.close()
        scenario = scenario_for(self.store, self.tickets, 1, self.guard, self.lock, search=None)
        self._order: OneOrder = self._exit.enter_context(new_order(scenario, self.buyers))

    def _end(self) -> None:
        with self._order.noting_doubts():
            self._order.path.run(ChoicesScheduler())
        sale_of(self._order).assert_sound()
