"""Sell once in a given order, with real code, in one process: the verdict, and its steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from booking.core.assembly import explored_with_searches
from booking.core.printable import printable
from booking.core.scenario import Scenario, from_flags
from booking.core.verdict import Outcome, Verdict
from booking.experiments.one_order import ENDLESS, OneOrder, one_order
from booking.explorer.transition import BoundReached, Inconclusive
from booking.history.model import Event, History
from booking.schedulers.choices import ChoicesScheduler
from booking.testing.outcomes import UnknownVerdict
from booking.testing.strategies import Schedule


@dataclass(frozen=True, slots=True)
class ScheduledSale:
    """A sale in one process, in an order that was given."""

    verdict: Verdict
    history: History

    def assert_sound(self) -> None:
        """Raise `AssertionError` with the steps unless the sale was sound."""
        __tracebackhide__ = True
        if self.verdict.outcome is Outcome.UNKNOWN:
            raise UnknownVerdict(str(self))
        if self.verdict.outcome is Outcome.INVALID:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        lines = [f"{self.verdict.outcome}: {self.verdict.reason}"]
        lines += [f"  {n:>3}  {_line(step)}" for n, step in enumerate(self.history.steps(), 1)]
        return "\n".join(map(printable, lines))


def sell(
    store: str | type,
    schedule: Schedule,
    *,
    tickets: int = 2,
    quantity: int = 1,
    guard: str | None = None,
    lock: str | None = None,
    search: bool | None = None,
) -> ScheduledSale:
    """Sell once, in the order of `schedule`; `store` is a name, a `module:Class`, or a class.

    Where it is not said, buyers `search` first if a read of the store may be torn.
    """
    scenario = scenario_for(store, tickets, quantity, guard, lock, search=search)
    with new_order(scenario, schedule.buyers) as order:
        with order.noting_doubts():
            order.path.run(ChoicesScheduler(schedule.choices))
        return sale_of(order)


def assert_sound(
    store: str | type,
    schedule: Schedule,
    *,
    tickets: int = 2,
    quantity: int = 1,
    guard: str | None = None,
    lock: str | None = None,
    search: bool | None = None,
) -> None:
    """Sell once, and raise `AssertionError` with the steps unless the sale was sound."""
    __tracebackhide__ = True
    sell(
        store, schedule, tickets=tickets, quantity=quantity, guard=guard, lock=lock, search=search
    ).assert_sound()


def scenario_for(
    store: str | type,
    tickets: int,
    quantity: int,
    guard: str | None,
    lock: str | None,
    *,
    search: bool | None,
) -> Scenario:
    """Return the scenario of a test's arguments."""
    name = store if isinstance(store, str) else f"{store.__module__}:{store.__qualname__}"
    given = {"store": name, "tickets": tickets, "quantity": quantity, "guard": guard, "lock": lock}
    scenario = from_flags({key: value for key, value in given.items() if value is not None})
    return scenario.but(search=explored_with_searches(scenario) if search is None else search)


@contextmanager
def new_order(scenario: Scenario, buyers: int) -> Iterator[OneOrder]:
    """Begin an execution, in which every buyer is at its first step; end it behind the block."""
    try:
        with one_order(scenario, buyers) as order:
            yield order
    except Inconclusive as inconclusive:  # of code that cannot take its first step
        raise UnknownVerdict(printable(f"{Outcome.UNKNOWN}: {inconclusive.caveat}")) from None
    except BoundReached:
        raise UnknownVerdict(f"{Outcome.UNKNOWN}: {ENDLESS}") from None


def sale_of(order: OneOrder) -> ScheduledSale:
    """Decide on an execution that has ended, as `booking explore` decides on all of them."""
    return ScheduledSale(order.verdict(), order.path.history())


def _line(step: Event) -> str:
    value = "" if step.value is None else f" {step.value}"
    saw = "" if step.saw is None else f" → {step.saw}"
    return f"buyer {step.process}: {step.f} {step.resource}{value}{saw}"
