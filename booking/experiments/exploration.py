"""Prove a sale: explore every interleaving, and make counterexamples of those that break it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from booking.checker import check
from booking.core.assembly import Assembly, assemble
from booking.core.counterexample import Counterexample, CounterexampleBuyer
from booking.core.protocols import Guard, Kit, Store
from booking.core.scenario import Scenario
from booking.core.verdict import Outcome
from booking.core.wording import counted
from booking.errors import UsageError
from booking.experiments.confirmation import caveats_of
from booking.experiments.counterexamples import make_counterexample
from booking.experiments.permit import one_permit
from booking.experiments.premises import premises_of
from booking.experiments.second_look import dispute
from booking.explorer.dpor import DporExplorer
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.exhaustive import DfsExplorer
from booking.explorer.explanation import message
from booking.explorer.model import CLERK, Limits, MonitorLock, Plan, TaskSpec
from booking.explorer.result import Exploration, Progress
from booking.explorer.search import Explorer
from booking.explorer.shrink import shrunk
from booking.explorer.state_graph import NO_NUMBER, StateGraphExplorer
from booking.explorer.transition import BoundReached, Caveat, Inconclusive
from booking.explorer.transition_cache import UNEQUAL, TransitionCache
from booking.system.scratch import scratch_folder

Method = Literal["auto", "graph", "reduced", "plain"]
EXPLORERS: dict[str, type[Explorer]] = {
    "graph": StateGraphExplorer,
    "reduced": DporExplorer,
    "plain": DfsExplorer,
}
ALONE = Caveat("there was one buyer, so nothing was at stake; give 2 or more", "--buyers")


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of an exploration, with the counterexamples where there are any."""

    assembly: Assembly
    buyers: tuple[CounterexampleBuyer, ...]
    exploration: Exploration
    counterexample: Counterexample | None = None  # the shortest; real processes may dispute it
    counterexamples: tuple[Counterexample, ...] = ()  # one of each anomaly
    premises: tuple[str, ...] = ()  # what the result rests on, and what was left out

    @property
    def scenario(self) -> Scenario:
        """The scenario that was explored."""
        return self.assembly.scenario

    @property
    def tickets(self) -> int:
        """Tickets at the start."""
        return self.assembly.tickets

    @property
    def staffed(self) -> bool:
        """Whether a clerk serves in it."""
        return self.assembly.guard_traits.staffed

    @property
    def reason(self) -> str:
        """Why the result is what it is, in one sentence."""
        result = self.exploration
        if self.counterexample is not None and result.outcome is Outcome.INVALID:
            return self.counterexample.message
        if result.outcome is Outcome.VALID:
            return "every interleaving was explored, and none is unsound"
        if result.caveats:
            return str(result.caveats[0])
        if result.undecided:
            return f"{counted(result.undecided, 'end')} could not be decided"
        return f"not complete: the bound --{result.bound} was reached"


def prove(
    scenario: Scenario,
    buyers: Sequence[CounterexampleBuyer],
    limits: Limits | None = None,
    *,
    named: bool = False,
    method: Method = "auto",
    first: bool = False,
    progress: Progress = lambda _states, _executions: None,
) -> Proof:
    """Explore a scenario with these buyers; `named`: none of them are interchangeable.

    Where the method is left to us, what turns out not to fit the code is explored otherwise:
    sales without numbers merge no states, and buyers that the code tells apart are not equal.
    Where each sale sells from the same inventory, no other command may use it meanwhile.
    """
    with one_permit(assemble(scenario)):
        proof = _explored(
            scenario, buyers, limits, named=named, method=method, first=first, progress=progress
        )
        told = {caveat.what for caveat in proof.exploration.caveats} if method == "auto" else set()
        if told & {NO_NUMBER, UNEQUAL} and proof.exploration.method == "graph":
            proof = _explored(
                scenario, buyers, limits, named=named or UNEQUAL in told, method="reduced",
                first=first, progress=progress,
            )  # fmt: skip
        return _looked_at_again(proof)


def _explored(
    scenario: Scenario,
    buyers: Sequence[CounterexampleBuyer],
    limits: Limits | None,
    *,
    named: bool,
    method: Method,
    first: bool,
    progress: Progress,
) -> Proof:
    """Explore once, by one method; no counterexample was replayed yet."""
    assembly = assemble(scenario)
    plan = plan_of(assembly, buyers, named=named)
    chosen = _chosen(method, plan, scenario.guard)
    if plan.staffed and chosen != "graph":
        # Where a clerk answers tells its buyers apart; only the graph takes them in order.
        plan = plan_of(assembly, buyers, named=True)
    alike = chosen == "graph" and plan.symmetric and len(buyers) > 1
    premises = tuple(premises_of(assembly, buyers, chosen, alike=alike))
    start_s = time.monotonic()
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as environment:
        limits = limits or Limits()
        environment.ends_s = start_s + limits.seconds_max
        try:
            cache = EXPLORERS[chosen].transitions(environment)
        except (BoundReached, Inconclusive) as ended:
            result = Exploration(chosen, caveats=environment.caveats())
            result.executions = environment.executions
            result.elapsed_s = time.monotonic() - start_s
            if isinstance(ended, Inconclusive):
                result.caveats.append(ended.caveat)
            else:
                result.bound = ended.bound
            return Proof(assembly, tuple(buyers), result, premises=premises)
        result = EXPLORERS[chosen](cache, check, limits, progress).explore(first=first)
        if result.outcome is Outcome.VALID:
            result.caveats += [] if result.sells else [_nothing_sold(result)]
            result.caveats += [] if len(plan.tasks) > 1 else [ALONE]
            if not result.caveats:  # every order was explored all the same
                result.caveats += caveats_of(assembly, [buyer.quantity for buyer in buyers])
                result.complete = not result.caveats
        _add_set_up(result, time.monotonic() - start_s - result.elapsed_s)
        if chosen != "graph":  # which finds the shortest anyway
            _shrink(result, cache)
        proof = _with_counterexamples(assembly, tuple(buyers), result, cache)
    return replace(proof, premises=premises)


def _nothing_sold(result: Exploration) -> Caveat:
    """Return that nothing was at stake, and how orders ended instead: "fail unavailable"."""
    endings = sorted({word for _, ending in result.ends for word, _ in ending})
    told = f" (orders ended: {', '.join(endings)})" if endings else ""
    return Caveat(f"in no order was a ticket sold, so nothing was at stake{told}", "end")


def _looked_at_again(proof: Proof) -> Proof:
    """Return a proof of which the counterexample was replayed, where the code is not ours."""
    result, counterexample = proof.exploration, proof.counterexample
    if counterexample is None:
        return proof
    disputed = dispute(proof.assembly, counterexample, doubted=bool(result.caveats))
    if disputed is None:
        return proof
    result.findings.clear()
    result.caveats.insert(0, disputed)
    result.complete = False
    result.interleavings = result.violating = result.classes = result.fatal = None
    return replace(proof, counterexamples=())


def _chosen(method: Method, plan: Plan, guard: str) -> str:
    """Return the method of the search; refuse the graph where tickets tell no order."""
    ordered = plan.numbers == "before"
    if method == "auto":
        return "graph" if plan.symmetric and ordered else "reduced"
    if method == "graph" and not ordered:
        raise UsageError(
            f"--method graph merges states by the numbers of tickets, and guard {guard} "
            "gives none that tell an order; use --method reduced"
        )
    return method


def _add_set_up(result: Exploration, set_up_s: float) -> None:
    """Add the time before and after the search: the user waits for that, too."""
    result.elapsed_s += set_up_s
    if result.first_finding_s is not None:
        result.first_finding_s += set_up_s


def _shrink(result: Exploration, cache: TransitionCache) -> None:
    """Replace the shortest finding by a shorter one, where steps can be left out."""
    finding = result.shortest
    if finding is not None:
        try:
            schedule = shrunk(cache, finding.schedule, finding.name)
        except BoundReached:
            return
        result.findings[finding.name] = replace(finding, schedule=tuple(schedule))


def _with_counterexamples(
    assembly: Assembly,
    buyers: tuple[CounterexampleBuyer, ...],
    result: Exploration,
    cache: TransitionCache,
) -> Proof:
    """Return the proof, with a message for each finding and a counterexample of each."""
    shortest = result.shortest
    counterexample = None
    if shortest is not None:
        counterexample = make_counterexample(assembly, buyers, cache, shortest, result.fatal)
    for name, finding in result.findings.items():
        if not finding.message:
            text = message(name, cache.history(finding.schedule))
            result.findings[name] = replace(finding, message=text)
    counterexamples = [
        make_counterexample(assembly, buyers, cache, finding)
        for finding in result.findings.values()
    ]
    return Proof(assembly, buyers, result, counterexample, tuple(counterexamples))


def plan_of(
    assembly: Assembly, buyers: Sequence[CounterexampleBuyer], *, named: bool = False
) -> Plan:
    """Return the plan of an exploration; raise `UsageError` where it could not be faithful."""
    scenario, traits = assembly.scenario, assembly.guard_traits
    if assembly.location:
        raise UsageError(
            f"--store {assembly.shown_store}: an exploration sells thousands of times, on "
            f"inventories of its own; give --store {assembly.store_name} and --tickets N"
        )
    if not traits.explorable:
        raise UsageError(f"guard {scenario.guard} can't be explored: {traits.explorable_not}")
    if traits.by_the_clock:
        raise UsageError(
            f"guard {scenario.guard} depends on the clock, and an exploration only on the order "
            "of steps; simulate it, with a planned pause"
        )

    def set_up(folder: Path, monitored: MonitorLock) -> tuple[Store, Guard]:
        store = assembly.build_store(folder, patience_s=0.0)
        lock = assembly.build_lock(folder, store)
        # A lock answers at once: the search decides when a buyer that waits asks it again.
        kit = Kit(None if lock is None else monitored(lock), 0.0, 0.0)
        return store, assembly.guard_with(kit)

    named = named or traits.numbers != "before"  # seats and shards depend on who comes
    tasks = [
        TaskSpec(buyer.name if named else f"x{buyer.quantity}", buyer.quantity) for buyer in buyers
    ]
    if traits.staffed:
        tasks.append(TaskSpec(CLERK, 0))
    return Plan(
        assembly.tickets,
        tuple(tasks),
        set_up,
        scenario.search,
        traits.numbers,
        scenario.acquire_timeout is not None,
        assembly.all_built_in,
        assembly.owned_lock,
    )
