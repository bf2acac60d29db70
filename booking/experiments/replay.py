"""Replay a counterexample in real processes, as often as asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from booking.checker import check
from booking.core.assembly import Assembly, arrange, assemble, users_code
from booking.core.base_classes import hooks
from booking.core.counterexample import Counterexample, CounterexampleStep
from booking.core.protocols import Guard, Lock, Store
from booking.core.registry import split_url
from booking.core.scenario import Scenario, from_flags
from booking.core.verdict import Outcome, Verdict
from booking.errors import UsageError
from booking.experiments.sale import count_left
from booking.history.actions import Action
from booking.history.model import Event
from booking.processes.asked_lock import AskedLock
from booking.processes.controlled_pool import ControlledPool, history_of
from booking.schedulers.script import ScriptScheduler
from booking.stores.common.run_lock import Use, run_lock
from booking.system.scratch import scratch_folder

REPLAY = Use("a replay")
TIMES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """How often a counterexample came out the same, and the first time that it did not."""

    counterexample: Counterexample
    times: int
    same: int
    difference: str | None
    verdict: Verdict
    elapsed_s: float

    @property
    def outcome(self) -> Outcome:
        """Invalid: it broke the sale every time; anything else decides nothing."""
        return Outcome.INVALID if self.same == self.times else Outcome.UNKNOWN


def replay(
    counterexample: Counterexample,
    times: int = 1,
    progress: Callable[[int], None] = lambda _done: None,
) -> Replayed:
    """Drive real processes through a counterexample; after it, buyers go on in their order."""
    assembly = assemble(scenario_of(counterexample))
    if assembly.guard_traits.staffed:
        guard = counterexample.guard
        raise UsageError(f"guard {guard}: a sale with a clerk is explored, not replayed")
    if not 1 <= times <= TIMES_MAX:
        raise UsageError(f"--times: {times} is not between 1 and {TIMES_MAX}")
    start_s = time.monotonic()
    processes = _ReplayProcesses(counterexample, assembly)
    same, difference, first = 0, None, None
    with scratch_folder(quick=True) as folder:
        try:
            for number in range(1, times + 1):
                result = processes.replay(folder)
                first = first or result
                problem = result.problem or _difference(first, result)
                same += problem is None
                if problem is not None and difference is None:
                    difference = f"replay {number}: {problem}"
                progress(number)
        finally:
            processes.close()
    assert first is not None
    elapsed_s = time.monotonic() - start_s
    return Replayed(counterexample, times, same, difference, first.verdict, elapsed_s)


def scenario_of(counterexample: Counterexample) -> Scenario:
    """Return the scenario of a counterexample; a lock is asked once, unless it refuses a wait.

    It sells from an inventory of its own: the file may be a stranger's, and name any place.
    """
    given = {
        "store": split_url(counterexample.store)[0], "guard": counterexample.guard,
        "buyers": len(counterexample.buyers), "tickets": counterexample.tickets,
        "search": counterexample.search,
    }  # fmt: skip
    if counterexample.lock is not None:
        given["lock"] = counterexample.lock
    scenario = from_flags(given).but(seed=0)
    return scenario if _waits_anew(counterexample) else scenario.but(acquire_timeout=0.0)


def _waits_anew(counterexample: Counterexample) -> bool:
    """Return whether a buyer that its lock refused comes to its acquire again, as in a sale."""
    return not counterexample.timeouts and any(
        step.action == Action.ACQUIRE and step.saw == 0 for step in counterexample.steps
    )


@dataclass(frozen=True, slots=True)
class _Result:
    """The outcome of one replay, and where it differs from the counterexample."""

    verdict: Verdict
    replies: tuple[tuple[int | str, str, str, object, str | None], ...]
    remaining: int | None
    problem: str | None


class _ReplayProcesses:
    """The processes of a replay, kept from one time to the next as long as all end well."""

    def __init__(self, counterexample: Counterexample, assembly: Assembly) -> None:
        self._counterexample = counterexample
        self._assembly = assembly
        self._held = ExitStack()  # the permit of an inventory that other commands can name
        self._started: tuple[Store, Guard, ControlledPool] | None = None

    def replay(self, folder: Path) -> _Result:
        """Replay once."""
        tickets, steps = self._counterexample.tickets, self._counterexample.steps
        store, guard, pool = self._started or self._start(folder)
        with users_code(f"store {self._counterexample.store}"):
            store.reset(tickets)
            arrange(store, guard)
        script = ScriptScheduler(steps)
        run = pool.run(script)
        remaining = count_left(store)
        numbers = self._assembly.guard_traits.numbers
        verdict = check(history_of(run, tickets, remaining, numbers))
        replies = tuple(
            (event.process, event.type, event.f, event.value, event.error)
            for event in run.events
            if event.type in {"ok", "fail", "info"}
        )
        problem = script.problem or _unlike_steps(steps, run.steps())
        if problem is None and run.failed:
            number, why = next(iter(run.failed.items()))
            problem = f"buyer {number} failed: {why}"
        if problem is None and verdict.outcome is not Outcome.INVALID:
            problem = f"the sale was {verdict.outcome}: {verdict.reason}"
        if run.hung or run.failed or problem:
            self.close()
        return _Result(verdict, replies, remaining, problem)

    def close(self) -> None:
        """End the processes, and close the store."""
        with self._held:
            if self._started is not None:
                store, _, pool = self._started
                self._started = None
                pool.close()
                with users_code(f"store {self._counterexample.store}"):
                    store.close()

    def _asked(self, lock: Lock) -> Lock:
        """Return the lock as the buyers get it."""
        asked: Any = AskedLock(lock)
        return cast("Lock", asked) if _waits_anew(self._counterexample) else lock

    def _start(self, folder: Path) -> tuple[Store, Guard, ControlledPool]:
        assembly = self._assembly
        assembly.ensure_for_processes()
        store = assembly.build_store(folder)
        self._held.enter_context(run_lock(store, assembly.named, REPLAY))
        with users_code(f"store {self._counterexample.store}"):
            store.reset(self._counterexample.tickets)
        guard = assembly.build_guard(folder, store, self._asked)
        with users_code(f"store {self._counterexample.store}"):
            hooks(store).disconnect()
        quantities = [buyer.quantity for buyer in self._counterexample.buyers]
        pool = ControlledPool(
            assembly.scenario, store, guard, quantities, timeouts=self._counterexample.timeouts
        )
        self._started = (store, guard, pool)
        return self._started


def _unlike_steps(expected: Sequence[CounterexampleStep], taken: Sequence[Event]) -> str | None:
    """Return the first step that differs from the counterexample's."""
    for number, step in enumerate(expected, 1):
        if number > len(taken):
            return f"step {number} was never reached"
        event = taken[number - 1]
        same = (event.process, event.f, event.resource, event.value, event.saw)
        if same != (step.buyer, step.action, step.resource, step.value, step.saw):
            return (
                f"step {number}: expected buyer {step.buyer} to {step.action} "
                f"{step.resource} (value {step.value}, saw {step.saw}), got buyer {event.process} "
                f"{event.f} {event.resource} (value {event.value}, saw {event.saw})"
            )
    return None


def _difference(first: _Result, other: _Result) -> str | None:
    if first.replies != other.replies or first.remaining != other.remaining:
        return "the buyers were answered otherwise than the first time"
    if first.verdict.outcome != other.verdict.outcome:
        return "the verdict was another than the first time"
    return None
