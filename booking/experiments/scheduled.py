"""Run a sale of real processes under a scheduler; save a race as a short counterexample."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from booking.core.assembly import Assembly, assemble
from booking.core.counterexample import Counterexample, CounterexampleBuyer, save
from booking.core.registry import resolve
from booking.core.scenario import Scenario
from booking.core.verdict import Outcome, Verdict
from booking.errors import BookingError, UsageError
from booking.experiments.confirmation import caveats_of
from booking.experiments.counterexamples import make_counterexample, steps_of
from booking.experiments.exploration import plan_of
from booking.experiments.one_order import doubts_of
from booking.experiments.replay import replay
from booking.experiments.sale import Sale, restore, run_sale
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.path import ExecutionPath
from booking.explorer.result import Finding
from booking.explorer.shrink import shrunk
from booking.explorer.transition import BoundReached, Inconclusive
from booking.explorer.transition_cache import TransitionCache
from booking.fleets.listener import Listener
from booking.fleets.scheduled import ScheduledFleet
from booking.processes.controlled_pool import ControlledRun
from booking.system.scratch import scratch_folder


def run_scheduled(
    scenario: Scenario, schedule: str, saved: Path | None = None, listener: Listener | None = None
) -> Sale:
    """Run a sale under the scheduler of that name; save the race that it runs into, if any."""
    sale, run = _sell(scenario, schedule, listener)
    if saved is not None:
        counterexample = _counterexample(sale, run)
        if counterexample is not None:
            save(counterexample, saved)
    return sale


def race_scheduled(scenario: Scenario, schedule: str) -> tuple[Sale, Counterexample | None]:
    """Run a sale under the scheduler of that name; return it, and the race that it runs into."""
    sale, run = _sell(scenario, schedule, None)
    return sale, _counterexample(sale, run)


def _sell(
    scenario: Scenario, schedule: str, listener: Listener | None
) -> tuple[Sale, ControlledRun | None]:
    """Run a sale under a scheduler; return it with the steps that were taken."""
    if scenario.faults or scenario.arrival != "together" or scenario.close_after is not None:
        raise UsageError("--schedule: an order of its own leaves no room for faults or arrivals")
    resolve("scheduler", schedule)
    if assemble(scenario).guard_traits.staffed:
        raise UsageError(
            f"--schedule: a sale with a clerk (guard {scenario.guard}) is explored, or sold freely"
        )
    fleets: list[ScheduledFleet] = []

    def launch(_folder: Path, listener: Listener) -> ScheduledFleet:
        fleets.append(ScheduledFleet(schedule, listener))
        return fleets[-1]

    sale = replace(run_sale(scenario, listener, launch), schedule=schedule)
    run = fleets[0].controlled_run
    return replace(sale, verdict=_confirmed(sale)), run


def _counterexample(sale: Sale, run: ControlledRun | None) -> Counterexample | None:
    """Make the counterexample of a sale; leave an inventory that it was sold from as it was."""
    if run is None:
        return None
    counterexample = counterexample_of(sale, run)
    if sale.assembly.one_inventory:  # from which the counterexample was sold, too
        restore(sale.assembly, sale.remaining or 0)
    return counterexample


def _confirmed(sale: Sale) -> Verdict:
    """Weaken `valid` of code that is not ours, as an exploration does: steps may hide effects."""
    if sale.verdict.outcome is not Outcome.VALID or sale.assembly.all_built_in:
        return sale.verdict
    scenario = sale.scenario
    private = assemble(scenario.but(store=sale.assembly.store_name, tickets=sale.tickets))
    caveats = doubts_of(private.scenario) or caveats_of(private, [scenario.quantity])
    if private.one_inventory:
        restore(private, sale.remaining or 0)
    if not caveats:
        return sale.verdict
    return Verdict(Outcome.UNKNOWN, str(caveats[0]), sale.verdict.anomalies)


def counterexample_of(sale: Sale, run: ControlledRun) -> Counterexample | None:
    """Make a counterexample of a race in real processes: explored again, and shortened."""
    if sale.verdict.outcome is not Outcome.INVALID:
        return None
    store = sale.assembly.store_name
    assembly = assemble(sale.scenario.but(store=store, tickets=sale.tickets))
    scenario = assembly.scenario
    buyers = [CounterexampleBuyer(f"buyer {n}", scenario.quantity) for n in range(scenario.buyers)]
    if scenario.behaviour is None and not scenario.until_sold_out:
        short = _shortened(assembly, buyers, run.schedule)
        if short is not None and (not run.let_in or _replays(short)):
            return short
    worst = sale.verdict.anomalies[0]
    return Counterexample(
        anomaly=worst.name, message=worst.message, why=worst.message, store=scenario.store,
        guard=scenario.guard, lock=scenario.lock, tickets=sale.tickets, buyers=buyers,
        search=scenario.search, steps=steps_of(run.steps_with_refusals()),
    )  # fmt: skip


def _replays(counterexample: Counterexample) -> bool:
    """Return whether it comes out in real processes; locks that let in may tell them apart."""
    try:
        return replay(counterexample).outcome is Outcome.INVALID
    except BookingError:
        return False


def _shortened(
    assembly: Assembly, buyers: Sequence[CounterexampleBuyer], schedule: Sequence[int]
) -> Counterexample | None:
    """Explore a schedule; return its counterexample, None where nothing is certain in it.

    Nor where it cannot be explored: real processes may have come where one process does not.
    """
    with suppress(UsageError, Inconclusive, BoundReached):
        return _explored_again(assembly, buyers, schedule)
    return None


def _explored_again(
    assembly: Assembly, buyers: Sequence[CounterexampleBuyer], schedule: Sequence[int]
) -> Counterexample | None:
    plan = plan_of(assembly, buyers)
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as environment:
        cache = TransitionCache(environment)
        with environment.open() as execution:
            path = ExecutionPath(cache, execution)
            path.follow(schedule)
        if path.certain is None:
            return None
        name = path.certain[0]
        finding = Finding(name, tuple(shrunk(cache, schedule, name)))
        return make_counterexample(assembly, buyers, cache, finding)
