"""Prove a sale: explore every interleaving, and make a witness of the shortest that breaks it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from booking.checker import check
from booking.core.assembly import Assembly, assemble
from booking.core.counterexample import Counterexample, CounterexampleBuyer, CounterexampleStep
from booking.core.durations import Span
from booking.core.protocols import Guard, Kit, Store
from booking.core.registry import BUILT_IN, build
from booking.core.scenario import Scenario
from booking.core.verdict import Outcome
from booking.errors import UsageError
from booking.experiments.sale import run_sale
from booking.explorer.call_monitor import MonitoredLock
from booking.explorer.dpor import DporExplorer
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.exhaustive import DfsExplorer
from booking.explorer.explanation import message, why
from booking.explorer.model import CLERK, Limits, Plan, TaskSpec
from booking.explorer.result import Exploration, Finding, Progress
from booking.explorer.shrink import shrunk
from booking.explorer.state_graph import StateGraphExplorer
from booking.explorer.transition import Caveat, Inconclusive
from booking.explorer.transition_cache import TransitionCache
from booking.history.model import History
from booking.system.deadline import Expired, arm, disarm
from booking.system.pickled_copy import PickledCopy
from booking.system.scratch import scratch_folder

ASKED_S = 0.2
ASKED_MAX_S = 2.0
TRIED_BUYERS_MAX = 4
Method = Literal["auto", "graph", "reduced", "plain"]
SEARCHES = {"graph": StateGraphExplorer, "reduced": DporExplorer, "plain": DfsExplorer}


@dataclass(frozen=True, slots=True)
class Proof:
    """What was explored, what was found, and the witness where there is one."""

    assembly: Assembly
    buyers: tuple[CounterexampleBuyer, ...]
    exploration: Exploration
    witness: Counterexample | None
    witnesses: tuple[Counterexample, ...] = ()  # one of each anomaly found

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
        """Say in one sentence why the result is what it is."""
        found = self.exploration
        if self.witness is not None:
            return self.witness.message
        if found.outcome is Outcome.VALID:
            return "every interleaving was explored, and none is unsound"
        if found.doubts:
            return str(found.doubts[0])
        if found.undecided:
            return f"{found.undecided} ends could not be decided"
        return f"not complete: the bound --{found.bound} was reached"


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
    """Explore a scenario with these buyers; `named`: each is somebody of his own."""
    assembly = assemble(scenario)
    plan = plan_of(assembly, buyers, named=named)
    ordered = plan.numbers == "before"
    if method == "auto":
        method = "graph" if plan.alike and ordered else "reduced"
    elif method == "graph" and not ordered:
        raise UsageError(
            f"--method graph merges states by the numbers of tickets, and guard {scenario.guard} "
            "gives none that tell an order; use --method reduced"
        )
    if plan.staffed and method != "graph":
        # Where a clerk answers tells his buyers apart; only the graph takes them in order.
        plan = plan_of(assembly, buyers, named=True)
    begun_s = time.monotonic()
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as theatre:
        try:
            lab = TransitionCache(theatre)
        except Inconclusive as undecided:
            doubts = [*theatre.doubts(), undecided.doubt]
            return Proof(assembly, tuple(buyers), Exploration(method, doubts=doubts), None)
        found = SEARCHES[method](lab, check, limits or Limits(), progress).explore(first=first)
        if found.outcome is Outcome.VALID and not assembly.all_built_in:
            found.doubts += _asked_while_held(scenario.lock, folder)
            found.doubts += [] if found.doubts else _tried(assembly, len(buyers))
            found.complete = not found.doubts
        _take_into_account(found, time.monotonic() - begun_s - found.elapsed_s)
        finding = found.witness
        if finding is not None and method != "graph":  # which finds the shortest anyway
            schedule = shrunk(lab, finding.schedule, finding.name)
            found.findings[finding.name] = finding = replace(finding, schedule=tuple(schedule))
        witness = (
            None if finding is None else make_witness(assembly, buyers, lab, finding, found.fatal)
        )
        for name, one in found.findings.items():
            if not one.message:
                found.findings[name] = replace(one, message=message(name, lab.told(one.schedule)))
        witnesses = [
            make_witness(assembly, buyers, lab, one, None) for one in found.findings.values()
        ]
    return Proof(assembly, tuple(buyers), found, witness, tuple(witnesses))


def _tried(assembly: Assembly, buyers: int) -> list[Caveat]:
    """Sell once in real processes: what lives in a class or a module is shared only here."""
    real = assembly.scenario.but(
        buyers=min(buyers, TRIED_BUYERS_MAX), tickets=assembly.tickets, control=False,
        delay=Span(0.0, 0.002), seed=0, acquire_timeout=None,
    )  # fmt: skip
    verdict = run_sale(real).verdict
    if verdict.outcome is not Outcome.INVALID:
        return []
    what = f"sound when explored in one process, but real processes fail: {verdict.reason}"
    return [Caveat(what, "a sale of real processes")]


def _asked_while_held(name: str | None, folder: Path) -> list[Caveat]:
    """Ask a lock of a user's own to wait while it is held: the search never waits.

    One that says yes then, because it breaks in or because a lease ran out, proves nothing.
    """
    if name is None or name in BUILT_IN["lock"]:
        return []
    mould = PickledCopy(build("lock", name, folder / "held.lock"))
    holder, other = mould.load(), mould.load()
    if not holder.acquire(0.0):
        return [Caveat("a new lock of its kind is not free", name)]
    armed = arm(ASKED_MAX_S)
    try:
        what = (
            "was had by two at once, when the second one waited" if other.acquire(ASKED_S) else ""
        )
    except Expired:
        what = "was held, and asked to wait, and waits on after"
    finally:
        if armed:
            disarm()
    holder.release()
    return [Caveat(f"the lock {what} {ASKED_S} s", name)] if what else []


def _take_into_account(found: Exploration, set_up_s: float) -> None:
    """Add what it took to set the stage: whoever waits for an answer waits for that too."""
    found.elapsed_s += set_up_s
    if found.witness_s is not None:
        found.witness_s += set_up_s


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

    def set_up(folder: Path) -> tuple[Store, Guard]:
        store = assembly.build_store(folder, patience_s=0.0)
        inner = assembly.build_lock(folder, store)
        lock: Any = None if inner is None else MonitoredLock(inner)
        # A lock is asked once, when the explorer's books say that it is free; so are answers.
        return store, assembly.guard_with(Kit(lock, 0.0, 0.0))

    named = named or traits.numbers != "before"  # seats and shards depend on who comes
    clerk = (TaskSpec(CLERK, 0),) if traits.staffed else ()
    return Plan(
        assembly.tickets,
        tuple(TaskSpec(one.name if named else f"x{one.quantity}", one.quantity) for one in buyers)
        + clerk,
        set_up,
        scenario.search,
        traits.numbers,
        scenario.acquire_timeout is not None,
    )


def make_witness(
    assembly: Assembly,
    buyers: Sequence[CounterexampleBuyer],
    lab: TransitionCache,
    finding: Finding,
    fatal: int | None,
) -> Counterexample:
    """Make a witness of a finding whose every step is known to the lab."""
    scenario, history = assembly.scenario, lab.told(finding.schedule)
    everybody = list(buyers)
    if len(lab.plan.parties) > len(everybody):
        everybody.append(CounterexampleBuyer(CLERK))
    names = [one.name for one in everybody]
    return Counterexample(
        anomaly=finding.name,
        message=finding.message or message(finding.name, history),
        why=finding.message or why(finding.name, history, names),
        store=scenario.store,
        guard=scenario.guard,
        lock=scenario.lock,
        tickets=assembly.tickets,
        buyers=everybody,
        search=scenario.search,
        timeouts=scenario.acquire_timeout is not None,
        steps=steps_of(history),
        fatal=fatal,
    )


def steps_of(history: History) -> list[CounterexampleStep]:
    """Give the steps of a history as a witness has them."""
    return [
        CounterexampleStep(int(one.process), one.f, one.resource or "", one.value, one.saw)
        for one in history.steps()
    ]
