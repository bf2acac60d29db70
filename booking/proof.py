"""Prove a sale: explore every interleaving, and make a witness of the shortest that breaks it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from booking.contracts import Guard, Kit, Store
from booking.errors import UsageError
from booking.explore.attentive import AttentiveLock
from booking.explore.effect import Undecided
from booking.explore.graph import Graph
from booking.explore.lab import Lab
from booking.explore.outcome import Exploration, Finding, Progress
from booking.explore.plain import Plain
from booking.explore.plan import Limits, Party, Plan
from booking.explore.reason import message, why
from booking.explore.reduced import Reduced
from booking.explore.shrink import shrunk
from booking.explore.world import Theatre
from booking.history import History
from booking.judge import check
from booking.registry import build, resolve, split_url
from booking.sale import TICKETS, ensure_capable, open_store, sidecar
from booking.scenario import Scenario
from booking.scratch import scratch_folder
from booking.verdict import Outcome
from booking.witness import Witness, WitnessBuyer, WitnessStep

Method = Literal["auto", "graph", "reduced", "plain"]
SEARCHES = {"graph": Graph, "reduced": Reduced, "plain": Plain}


@dataclass(frozen=True, slots=True)
class Proof:
    """What was explored, what was found, and the witness where there is one."""

    scenario: Scenario
    buyers: tuple[WitnessBuyer, ...]
    exploration: Exploration
    witness: Witness | None
    witnesses: tuple[Witness, ...] = ()  # one of each anomaly found

    @property
    def tickets(self) -> int:
        """Tickets at the start."""
        return tickets_of(self.scenario)

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


def tickets_of(scenario: Scenario) -> int:
    """Give how many tickets an exploration starts with."""
    return TICKETS if scenario.tickets is None else scenario.tickets


def prove(
    scenario: Scenario,
    buyers: Sequence[WitnessBuyer],
    limits: Limits | None = None,
    *,
    named: bool = False,
    method: Method = "auto",
    first: bool = False,
    progress: Progress = lambda _states, _executions: None,
) -> Proof:
    """Explore a scenario with these buyers; `named`: each is somebody of his own."""
    plan = plan_of(scenario, buyers, named=named)
    ordered = plan.numbers == "before"
    if method == "auto":
        method = "graph" if plan.alike and ordered else "reduced"
    elif method == "graph" and not ordered:
        raise UsageError(
            f"--method graph merges states by the numbers of tickets, and guard {scenario.guard} "
            "gives none that tell an order; use --method reduced"
        )
    begun_s = time.monotonic()
    with scratch_folder(quick=True) as folder, Theatre(plan, folder) as theatre:
        try:
            lab = Lab(theatre)
        except Undecided as undecided:
            doubts = [*theatre.doubts(), undecided.doubt]
            return Proof(scenario, tuple(buyers), Exploration(method, doubts=doubts), None)
        found = SEARCHES[method](lab, check, limits or Limits(), progress).explore(first=first)
        _take_into_account(found, time.monotonic() - begun_s - found.elapsed_s)
        finding = found.witness
        if finding is not None and method != "graph":  # which finds the shortest anyway
            schedule = shrunk(lab, finding.schedule, finding.name)
            found.findings[finding.name] = finding = replace(finding, schedule=tuple(schedule))
        witness = (
            None if finding is None else make_witness(scenario, buyers, lab, finding, found.fatal)
        )
        for name, one in found.findings.items():
            if not one.message:
                found.findings[name] = replace(one, message=message(name, lab.told(one.schedule)))
        witnesses = [
            make_witness(scenario, buyers, lab, one, None) for one in found.findings.values()
        ]
    return Proof(scenario, tuple(buyers), found, witness, tuple(witnesses))


def _take_into_account(found: Exploration, set_up_s: float) -> None:
    """Add what it took to set the stage: whoever waits for an answer waits for that too."""
    found.elapsed_s += set_up_s
    if found.witness_s is not None:
        found.witness_s += set_up_s


def plan_of(scenario: Scenario, buyers: Sequence[WitnessBuyer], *, named: bool = False) -> Plan:
    """Make the plan of an exploration; refuse what it can't be true to."""
    name, location = split_url(scenario.store)
    if location:
        raise UsageError(
            f"--store {scenario.store}: an exploration sells thousands of times, on inventories "
            f"of its own; give --store {name} and --tickets N"
        )

    if getattr(resolve("guard", scenario.guard), "by_the_clock", False):
        raise UsageError(
            f"guard {scenario.guard} depends on the clock, and an exploration only on the order "
            "of steps; simulate it, with a planned pause"
        )

    def set_up(folder: Path) -> tuple[Store, Guard]:
        store = open_store(scenario.but(acquire_timeout=0.0), folder)
        ensure_capable(scenario, store)
        lock: Any = None
        if scenario.lock is not None:
            lock = AttentiveLock(build("lock", scenario.lock, sidecar(store, folder)))
        # A lock is asked for once, when the explorer's books say that it is free.
        guard: Guard = build("guard", scenario.guard, Kit(lock, 0.0))
        return store, guard

    numbers = getattr(resolve("guard", scenario.guard), "numbers", "before")
    named = named or numbers != "before"  # seats and shards depend on who comes
    return Plan(
        tickets_of(scenario),
        tuple(Party(one.name if named else f"x{one.quantity}", one.quantity) for one in buyers),
        set_up,
        scenario.search,
        numbers,
        scenario.acquire_timeout is not None,
    )


def make_witness(
    scenario: Scenario,
    buyers: Sequence[WitnessBuyer],
    lab: Lab,
    finding: Finding,
    fatal: int | None,
) -> Witness:
    """Make a witness of a finding whose every step is known to the lab."""
    history = lab.told(finding.schedule)
    names = [one.name for one in buyers]
    return Witness(
        anomaly=finding.name,
        message=finding.message or message(finding.name, history),
        why=finding.message or why(finding.name, history, names),
        store=scenario.store,
        guard=scenario.guard,
        lock=scenario.lock,
        tickets=tickets_of(scenario),
        buyers=list(buyers),
        search=scenario.search,
        timeouts=scenario.acquire_timeout is not None,
        steps=steps_of(history),
        fatal=fatal,
    )


def steps_of(history: History) -> list[WitnessStep]:
    """Give the steps of a history as a witness has them."""
    return [
        WitnessStep(int(one.process), one.f, one.resource or "", one.value, one.saw)
        for one in history.steps()
    ]
