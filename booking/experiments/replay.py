"""Play a witness out in real processes, as often as asked; make one of a race that was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from booking.checker import check
from booking.core.assembly import Assembly, arrange, assemble
from booking.core.bases import hooks
from booking.core.counterexample import (
    Counterexample,
    CounterexampleBuyer,
    CounterexampleStep,
    save,
)
from booking.core.protocols import Guard, Store
from booking.core.registry import unknown
from booking.core.scenario import Scenario, from_flags
from booking.core.verdict import Outcome, Verdict
from booking.errors import InventoryError, UsageError
from booking.experiments.exploration import make_witness, plan_of, steps_of
from booking.experiments.sale import Sale, run_sale
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.path import ExecutionPath
from booking.explorer.result import Finding
from booking.explorer.shrink import shrunk
from booking.explorer.transition_cache import TransitionCache
from booking.fleets.listener import Listener
from booking.fleets.scheduled import ScheduledFleet
from booking.history.model import Event
from booking.processes.controlled_pool import ControlledPool, ControlledRun, history_of
from booking.schedulers.pct import NAMES
from booking.system.scratch import scratch_folder

TIMES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """How often a witness came out the same, and the first time that it did not."""

    witness: Counterexample
    times: int
    same: int
    difference: str | None
    verdict: Verdict
    elapsed_s: float

    @property
    def outcome(self) -> Outcome:
        """Invalid: it broke the sale every time; else nobody knows."""
        return Outcome.INVALID if self.same == self.times else Outcome.UNKNOWN


def replay(
    witness: Counterexample, times: int = 1, progress: Callable[[int], None] = lambda _done: None
) -> Replayed:
    """Drive real processes through a witness; everybody else goes on after it, in turn."""
    assembly = assemble(scenario_of(witness))
    if assembly.guard_traits.staffed:
        raise UsageError(f"guard {witness.guard}: a sale with a clerk is explored, not replayed")
    if not 1 <= times <= TIMES_MAX:
        raise UsageError(f"--times: {times} is not between 1 and {TIMES_MAX}")
    begun_s = time.monotonic()
    stage = _ControlledReplay(witness, assembly)
    same, difference, first = 0, None, None
    with scratch_folder(quick=True) as folder:
        try:
            for done in range(times):
                played = stage.play(folder)
                first = first or played
                problem = played.problem or _unlike(first, played)
                same += problem is None
                if problem is not None and difference is None:
                    difference = f"replay {done + 1}: {problem}"
                progress(done + 1)
        finally:
            stage.close()
    assert first is not None
    elapsed_s = time.monotonic() - begun_s
    return Replayed(witness, times, same, difference, first.verdict, elapsed_s)


def scenario_of(witness: Counterexample) -> Scenario:
    """Give the sale that a witness is of; its locks are asked for once, when they are due."""
    given = {
        "store": witness.store, "guard": witness.guard, "buyers": len(witness.buyers),
        "tickets": witness.tickets, "search": witness.search,
    }  # fmt: skip
    if witness.lock is not None:
        given["lock"] = witness.lock
    return from_flags(given).but(acquire_timeout=0.0, seed=0)


def witness_of(sale: Sale, told: ControlledRun) -> Counterexample | None:
    """Make a witness of a race that real processes ran into: explored again, and shrunk."""
    if sale.verdict.outcome is not Outcome.INVALID:
        return None
    store = sale.assembly.store_name
    assembly = assemble(sale.scenario.but(store=store, tickets=sale.tickets))
    scenario = assembly.scenario
    buyers = [CounterexampleBuyer(f"buyer {n}", scenario.quantity) for n in range(scenario.buyers)]
    if scenario.behaviour is None and not scenario.until_sold_out:
        short = _short(assembly, buyers, told.schedule)
        if short is not None:
            return short
    worst = sale.verdict.anomalies[0]
    return Counterexample(
        anomaly=worst.name, message=worst.message, why=worst.message, store=scenario.store,
        guard=scenario.guard, lock=scenario.lock, tickets=sale.tickets, buyers=buyers,
        search=scenario.search, steps=steps_of(history_of(told, sale.tickets, sale.remaining)),
    )  # fmt: skip


def _short(
    assembly: Assembly, buyers: Sequence[CounterexampleBuyer], schedule: Sequence[int]
) -> Counterexample | None:
    plan = plan_of(assembly, buyers)
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as theatre:
        lab = TransitionCache(theatre)
        with theatre.open() as world:
            course = ExecutionPath(lab, world)
            for buyer in schedule:
                if buyer in course.enabled():
                    course.take(buyer)
        if course.certain is None:
            return None
        name = course.certain[0]
        return make_witness(
            assembly, buyers, lab, Finding(name, tuple(shrunk(lab, schedule, name))), None
        )


def run_scheduled(
    scenario: Scenario, schedule: str, saved: Path | None = None, watcher: Listener | None = None
) -> Sale:
    """Run a sale of real processes in a chosen order; write a race that it runs into."""
    if scenario.faults or scenario.arrival != "together" or scenario.close_after is not None:
        raise UsageError("--schedule: an order of its own leaves no room for faults or arrivals")
    if schedule not in NAMES:
        raise UsageError(f"--schedule: {unknown('schedule', schedule, NAMES)}")
    fleets: list[ScheduledFleet] = []

    def launch(_folder: Path, watcher: Listener) -> ScheduledFleet:
        fleets.append(ScheduledFleet(schedule, watcher))
        return fleets[-1]

    sale = run_sale(scenario, watcher, launch)
    told = fleets[0].controlled_run
    if saved is not None and told is not None:
        witness = witness_of(sale, told)
        if witness is not None:
            save(witness, saved)
    return sale


@dataclass(frozen=True, slots=True)
class _Played:
    """One replay: its outcome, and what was not as the witness says."""

    verdict: Verdict
    replies: tuple[tuple[int | str, str, str, object, str | None], ...]
    remaining: int | None
    problem: str | None


class _ControlledReplay:
    """The processes of a replay: kept from one time to the next, as long as all end well."""

    def __init__(self, witness: Counterexample, assembly: Assembly) -> None:
        self._witness = witness
        self._assembly = assembly
        self._store: Store | None = None
        self._guard: Guard | None = None
        self._pool: ControlledPool | None = None

    def play(self, folder: Path) -> _Played:
        """Replay once."""
        witness = self._witness
        if self._pool is None:
            self._begin(folder)
        assert self._store is not None
        assert self._guard is not None
        assert self._pool is not None
        self._store.reset(witness.tickets)
        arrange(self._store, self._guard)
        script = _Script(witness.steps)
        told = self._pool.run(script.choose)
        try:
            remaining = self._store.read()
        except InventoryError:
            remaining = None
        numbers = self._assembly.guard_traits.numbers
        verdict = check(history_of(told, witness.tickets, remaining, numbers))
        replies = tuple(
            (one.process, one.type, one.f, one.value, one.error)
            for one in told.events
            if one.type in {"ok", "fail", "info"}
        )
        problem = script.problem or _unlike_steps(witness.steps, told.steps())
        if problem is None and told.failed:
            number, why = next(iter(told.failed.items()))
            problem = f"buyer {number} failed: {why}"
        if problem is None and verdict.outcome is not Outcome.INVALID:
            problem = f"the sale was {verdict.outcome}: {verdict.reason}"
        if told.hung or told.failed or problem:
            self.close()
        return _Played(verdict, replies, remaining, problem)

    def close(self) -> None:
        """End the processes, and let go of the store."""
        if self._store is not None:
            self._store.close()
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _begin(self, folder: Path) -> None:
        assembly = self._assembly
        assembly.ensure_for_processes()
        store = self._store = assembly.build_store(folder)
        store.reset(self._witness.tickets)
        guard = self._guard = assembly.build_guard(folder, store)
        hooks(store).disconnect()
        quantities = [buyer.quantity for buyer in self._witness.buyers]
        self._pool = ControlledPool(
            assembly.scenario, store, guard, quantities, timeouts=self._witness.timeouts
        )


class _Script:
    """Chooses as the witness does, and then whoever is first."""

    def __init__(self, steps: Sequence[CounterexampleStep]) -> None:
        self._steps = steps
        self._at = 0
        self.problem: str | None = None

    def choose(self, able: Sequence[int]) -> int | None:
        """Give who goes on; None where whoever should cannot."""
        if self._at >= len(self._steps):
            return able[0]
        step = self._steps[self._at]
        self._at += 1
        if step.buyer in able:
            return step.buyer
        self.problem = (
            f"step {self._at}: buyer {step.buyer} cannot {step.action} {step.resource} now"
        )
        return None


def _unlike_steps(expected: Sequence[CounterexampleStep], got: Sequence[Event]) -> str | None:
    """Say which step was another than the witness has."""
    for number, step in enumerate(expected):
        if number >= len(got):
            return f"step {number + 1} was never reached"
        one = got[number]
        same = (one.process, one.f, one.resource, one.value, one.saw)
        if same != (step.buyer, step.action, step.resource, step.value, step.saw):
            return (
                f"step {number + 1}: expected buyer {step.buyer} to {step.action} "
                f"{step.resource} (value {step.value}, saw {step.saw}), got buyer {one.process} "
                f"{one.f} {one.resource} (value {one.value}, saw {one.saw})"
            )
    return None


def _unlike(first: _Played, other: _Played) -> str | None:
    if first.replies != other.replies or first.remaining != other.remaining:
        return "the buyers were answered otherwise than the first time"
    if first.verdict.outcome != other.verdict.outcome:
        return "the verdict was another than the first time"
    return None
