"""Sell once in a given order, with real code, in one process: the verdict, and its steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from booking.checker import check
from booking.core.assembly import assemble
from booking.core.counterexample import CounterexampleBuyer
from booking.core.printable import printable
from booking.core.scenario import Scenario, from_flags
from booking.core.verdict import Outcome, Verdict, merge
from booking.experiments.exploration import plan_of
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.path import ExecutionPath
from booking.explorer.transition import Inconclusive
from booking.explorer.transition_cache import TransitionCache
from booking.history.model import Event, History
from booking.schedulers.choices import ChoicesScheduler
from booking.system.scratch import scratch_folder
from booking.testing.strategies import Schedule


@dataclass(frozen=True, slots=True)
class ScheduledSale:
    """A sale in one process, in an order that was given."""

    verdict: Verdict
    history: History

    def assert_sound(self) -> None:
        """Raise `AssertionError` with the steps unless the sale was sound."""
        assert self.verdict.outcome is Outcome.VALID, str(self)

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
    search: bool = False,
) -> ScheduledSale:
    """Sell once, in the order of `schedule`; `store` is a name, a `module:Class`, or a class."""
    scenario = scenario_for(store, tickets, quantity, guard, lock, search=search)
    with new_path(scenario, schedule.buyers) as path:
        with noting_doubts(path):
            path.run(ChoicesScheduler(schedule.choices))
        return sale_of(path)


def assert_sound(
    store: str | type,
    schedule: Schedule,
    *,
    tickets: int = 2,
    quantity: int = 1,
    guard: str | None = None,
    lock: str | None = None,
    search: bool = False,
) -> None:
    """Sell once, and raise `AssertionError` with the steps unless the sale was sound."""
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
    search: bool,
) -> Scenario:
    """Return the scenario of a test's arguments."""
    name = store if isinstance(store, str) else f"{store.__module__}:{store.__qualname__}"
    given = {"store": name, "tickets": tickets, "quantity": quantity, "guard": guard, "lock": lock}
    return from_flags({key: value for key, value in given.items() if value is not None}).but(
        search=search
    )


@contextmanager
def new_path(scenario: Scenario, buyers: int) -> Iterator[ExecutionPath]:
    """Begin an execution, in which every buyer is at its first step; end it behind the block."""
    named = [CounterexampleBuyer(f"buyer {n}", scenario.quantity) for n in range(buyers)]
    plan = plan_of(assemble(scenario), named)
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as environment:
        try:
            cache = TransitionCache(environment)
            execution = environment.open()
            path = ExecutionPath(cache, execution)
        except Inconclusive as inconclusive:
            raise AssertionError(printable(f"{Outcome.UNKNOWN}: {inconclusive.caveat}")) from None
        with execution:
            yield path


@contextmanager
def noting_doubts(path: ExecutionPath) -> Iterator[None]:
    """Note why an execution cannot go on, so that its sale becomes unknown."""
    try:
        yield
    except Inconclusive as inconclusive:
        path.cache.environment.add_caveat(inconclusive.caveat)


def sale_of(path: ExecutionPath) -> ScheduledSale:
    """Check an execution that has ended; an effect that was not announced makes it unknown."""
    history = path.history()
    caveats = path.cache.environment.caveats()
    unknown = [Verdict(Outcome.UNKNOWN, str(caveat)) for caveat in caveats]
    return ScheduledSale(merge([check(history, answers_needed=True), *unknown]), history)


def _line(step: Event) -> str:
    value = "" if step.value is None else f" {step.value}"
    saw = "" if step.saw is None else f" → {step.saw}"
    return f"buyer {step.process}: {step.f} {step.resource}{value}{saw}"
