"""One sale in one order, with real code: what came of it, and what it was made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from booking.checker import check
from booking.core.assembly import assemble
from booking.core.counterexample import CounterexampleBuyer
from booking.core.scenario import Scenario, from_flags
from booking.core.verdict import Outcome, Verdict, merge
from booking.experiments.exploration import plan_of
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.path import ExecutionPath
from booking.explorer.transition_cache import TransitionCache
from booking.history.model import Event, History
from booking.system.scratch import scratch_folder
from booking.testing.strategies import Schedule

STEPS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class ScheduledSale:
    """A sale that was sold in one process, in an order that was given."""

    verdict: Verdict
    history: History

    def __str__(self) -> str:
        lines = [f"{self.verdict.outcome}: {self.verdict.reason}"]
        lines += [f"  {n:>3}  {_line(one)}" for n, one in enumerate(self.history.steps(), 1)]
        return "\n".join(lines)


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
    with rehearsing(scenario, schedule.buyers) as course:
        rest = iter(schedule.choices)
        for _ in range(STEPS_MAX):
            able = course.enabled()
            if not able:
                break
            course.take(able[next(rest, 0) % len(able)])
        return judged(course)


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
    rehearsal = sell(
        store, schedule, tickets=tickets, quantity=quantity, guard=guard, lock=lock, search=search
    )
    assert rehearsal.verdict.outcome is Outcome.VALID, str(rehearsal)


def scenario_for(
    store: str | type,
    tickets: int,
    quantity: int,
    guard: str | None,
    lock: str | None,
    *,
    search: bool,
) -> Scenario:
    """Make a scenario of what a test says."""
    name = store if isinstance(store, str) else f"{store.__module__}:{store.__qualname__}"
    given = {"store": name, "tickets": tickets, "quantity": quantity, "guard": guard, "lock": lock}
    return from_flags({key: value for key, value in given.items() if value is not None}).but(
        search=search
    )


@contextmanager
def rehearsing(scenario: Scenario, buyers: int) -> Iterator[ExecutionPath]:
    """Give a course at its start: everybody stands at the first step."""
    who = [CounterexampleBuyer(f"buyer {n}", scenario.quantity) for n in range(buyers)]
    plan = plan_of(assemble(scenario), who)
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as theatre:
        lab = TransitionCache(theatre)
        with theatre.open() as world:
            yield ExecutionPath(lab, world)


def judged(course: ExecutionPath) -> ScheduledSale:
    """Judge a course that has come to its end; what it did behind the seam makes it unknown."""
    history = course.history()
    doubts = [Verdict(Outcome.UNKNOWN, str(doubt)) for doubt in course.lab.theatre.doubts()]
    return ScheduledSale(merge([check(history), *doubts]), history)


def _line(step: Event) -> str:
    value = "" if step.value is None else f" {step.value}"
    saw = "" if step.saw is None else f" → {step.saw}"
    return f"buyer {step.process}: {step.f} {step.resource}{value}{saw}"
