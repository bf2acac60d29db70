"""Compute which anomaly each guard allows on each store: every cell by runs, none by hand.

A cell is `prevented` where every interleaving of bounded sales was explored and all are sound, and
sales of real processes were judged and are sound as well.
It is `happens` where a run shows the anomaly, with evidence. Otherwise it is `not-provoked`,
with the number of trials and the bound that zero of so many allow: at most 3 in N with 95 %
confidence (the rule of three). Crashes and pauses are not explored, so nothing is ever
`prevented` there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Literal

from booking.core.catalogue import carries
from booking.core.counterexample import CounterexampleBuyer, save
from booking.core.protocols import Kit
from booking.core.registry import BUILT_IN, default_lock, members, resolve
from booking.core.scenario import Fault, Scenario, from_flags
from booking.core.spelling import unknown
from booking.core.traits import guard_traits, store_traits
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import ExitCode, UsageError
from booking.experiments.expectations import Failure
from booking.experiments.exploration import prove
from booking.experiments.kill_safety import Actor, steps_of_orders
from booking.experiments.sale import run_sale
from booking.history.actions import CHANGES
from booking.history.model import dump
from booking.system.output import ensure_output

STORES = ("json", "sqlite", "postgres", "redis")
TRIALS = 20
TICKETS = 2
BUYERS = 4
PAUSE_S = 0.2  # long enough for all other buyers to sell
LEASE_PAUSE_S = 1.5  # longer than any lease
# The bounded sales that are explored: what each buyer wants, tickets, whether buyers search.
# Orders of two sizes with too few tickets break guard `compensate`.
EXPLORED: tuple[tuple[tuple[int, ...], int, bool], ...] = (
    ((1, 1, 1), 2, False),
    ((2, 1), 1, True),
    ((2, 1), 2, True),
)
BOUND_95 = 3.0  # the rule of three

BY_ORDER = (
    AnomalyName.OVERSELL, AnomalyName.DOUBLE_SOLD, AnomalyName.LOST_UPDATE, AnomalyName.TORN_READ,
    AnomalyName.NEGATIVE_STOCK, AnomalyName.PHANTOM_SOLD_OUT, AnomalyName.UNDERSELL,
    AnomalyName.STALE_READ, AnomalyName.HANG,
)  # fmt: skip
BY_CRASH = (AnomalyName.LOST_TICKET, AnomalyName.STALE_LOCK, AnomalyName.FENCED_OUT_WRITE)
ROWS = (*BY_ORDER, *BY_CRASH)

How = Literal["explored", "judged"]


class Shown(StrEnum):
    """The result of a cell."""

    PREVENTED = "prevented"
    HAPPENS = "happens"
    NOT_PROVOKED = "not-provoked"


@dataclass(frozen=True, slots=True)
class Cell:
    """One anomaly under one guard on one store."""

    shown: Shown
    how: How
    trials: int  # executions, or sales of real processes
    message: str = ""
    evidence: Path | None = None

    @property
    def rate_max(self) -> float | None:
        """The highest rate that zero in so many trials allows, with 95 % confidence."""
        if self.shown is not Shown.NOT_PROVOKED:
            return None
        return min(1.0, BOUND_95 / self.trials) if self.trials else 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The run that showed an anomaly: a counterexample or a history, in a file if asked for."""

    how: How
    message: str
    path: Path | None = None


@dataclass(slots=True)
class Column:
    """All that runs showed of one guard on one store."""

    store: str
    guard: str
    folder: Path | None = None  # for files of evidence
    complete: bool = True  # whether all was explored
    explored: int = 0
    decided: int = 0  # sales of real processes; an undecided one shows nothing
    undecided: int = 0
    lock: str | None = None  # of a guard that needs one
    left_out: str | None = None  # why the guard could not be run
    code: int = 0  # the exit code that goes with that
    untried: int = 0  # kills and pauses for which there were too few trials
    found: dict[AnomalyName, Evidence] = field(default_factory=dict)

    @property
    def proved(self) -> bool:
        """Whether all was explored, and neither that nor any sale of real processes broke.

        Where one anomaly was explored, orders were merged that differ in their names, so the
        absence of another one is no proof. Where real processes showed one, the exploration did
        not see all that they do. Without a sale that was judged, nothing confirms it.
        """
        return self.complete and self.decided > 0 and not self.found

    def cell(self, name: AnomalyName) -> Cell:
        """Return what the runs showed of one anomaly."""
        evidence = self.found.get(name)
        if evidence is not None:
            trials = self.explored if evidence.how == "explored" else self.decided
            return Cell(Shown.HAPPENS, evidence.how, trials, evidence.message, evidence.path)
        if self.proved and name in BY_ORDER:
            return Cell(Shown.PREVENTED, "explored", self.explored)
        return Cell(Shown.NOT_PROVOKED, "judged", self.decided)

    def note(
        self, name: AnomalyName, how: How, message: str, ending: str, write: Callable[[Path], None]
    ) -> None:
        """Keep the first evidence of an anomaly, in a file where there is a folder for it."""
        if name not in ROWS or name in self.found:
            return
        path = None
        if self.folder is not None:
            path = self.folder / f"{self.store}-{self.guard}-{name}{ending}"
            write(path)
        self.found[name] = Evidence(how, message, path)


def fill(
    stores: Iterable[str] = STORES,
    guards: Sequence[str] = (),
    trials: int = TRIALS,
    folder: Path | None = None,
    progress: Callable[[str], None] = lambda _text: None,
    columns: list[Column] | None = None,
) -> list[Column]:
    """Run every guard that each of the stores can carry; write the evidence to `folder`.

    `columns` is added to; the caller has it, too, where an interruption ends the work.
    """
    known = dict(members("guard"))
    for name in guards:
        if name not in known:
            raise UsageError(f"--guards: {unknown('guard', name, known)}")
    if folder is not None:
        _make(folder)
    columns = [] if columns is None else columns
    for store in stores:
        store_class = resolve("store", store)
        traits = store_traits(store_class)
        if traits.explored_only or not traits.shared:
            raise UsageError(f"--stores: {store} is shared by no processes; give others")
        for name, guard in known.items():
            if (not guards or name in guards) and carries(store_class, guard):
                progress(f"{name} on {store}")
                columns.append(_tried(Column(store, name, folder), guard, trials))
    return columns


def _tried(column: Column, guard: Any, trials: int) -> Column:
    """Fill a column; one that cannot be run is left out, and does not end the others.

    Where the store and the guard are ours that is an error; of a user's code it is a result.
    """
    try:
        column.lock = _lock_of(guard)
        return _column(column, guard, trials)
    except (Exception, SystemExit) as error:
        failure = Failure.of(error)
        ours = column.store in BUILT_IN["store"] and column.guard in BUILT_IN["guard"]
        code = failure.code if ours or failure.code == ExitCode.DEFECT else 0
        return Column(
            column.store, column.guard, complete=False, left_out=failure.message, code=code
        )


def _lock_of(guard: Any) -> str | None:
    """Return the default lock for a guard that can't be built without one."""
    try:
        guard(Kit(None, 0.0, 0.0))
    except UsageError:
        return default_lock()
    except Exception:  # the user's code may raise anything; its sale will show it
        return None
    return None


def _column(column: Column, guard: Any, trials: int) -> Column:
    traits = guard_traits(guard)
    if traits.by_the_clock or not traits.explorable:
        column.complete = False
    else:
        for quantities, tickets, search in EXPLORED:
            _explore(column, quantities, tickets, search)
    pause_s = LEASE_PAUSE_S if traits.by_the_clock else PAUSE_S
    plans = [[fault] for fault in _faults(_sell(column, 0, []), pause_s)]
    column.untried = max(0, len(plans) - (trials - 1))
    for trial in range(1, trials):
        _sell(column, trial, plans.pop(0) if plans else [])
    return column


def _faults(steps: Sequence[tuple[Actor, str]], pause_s: float) -> list[Fault]:
    """Plan a pause before the first change of each kind of process, and a kill before each step."""
    pauses = []
    for actor in dict.fromkeys(actor for actor, _ in steps):
        changes = [action for action in CHANGES if (actor, action) in steps]
        pauses += [
            Fault(kind="pause", buyer=actor, before=action, duration=pause_s)
            for action in changes[:1]
        ]
    return pauses + [Fault(kind="kill", buyer=actor, before=action) for actor, action in steps]


def _explore(column: Column, quantities: Sequence[int], tickets: int, search: bool) -> None:
    buyers = [CounterexampleBuyer(f"buyer {n}", quantity) for n, quantity in enumerate(quantities)]
    scenario = _scenario(column, len(buyers)).but(tickets=tickets, search=search)
    proof = prove(scenario, buyers)
    column.explored += proof.exploration.executions
    column.complete &= proof.exploration.complete and not proof.exploration.undecided
    for counterexample in proof.counterexamples:
        name, write = (
            AnomalyName(counterexample.anomaly),
            partial(save, counterexample, option="--witnesses"),
        )
        column.note(name, "explored", counterexample.message, ".json", write)


def _sell(column: Column, trial: int, faults: list[Fault]) -> list[tuple[Actor, str]]:
    """Run one sale of real processes; return the steps taken in orders, each once.

    With a fault no buyer searches before it orders: the step that is struck is then an order's.
    """
    scenario = _scenario(column, BUYERS).but(seed=trial, faults=faults, search=not faults)
    sale = run_sale(scenario)
    if sale.verdict.outcome is Outcome.UNKNOWN:
        column.undecided += 1
    else:
        column.decided += 1
    if sale.verdict.outcome is Outcome.INVALID:
        for anomaly in sale.verdict.anomalies:
            write = partial(dump, sale.history, option="--witnesses")
            column.note(anomaly.name, "judged", anomaly.message, ".jsonl", write)
    return sorted(set(steps_of_orders(sale.history)))


def _scenario(column: Column, buyers: int) -> Scenario:
    given = {
        "store": column.store, "guard": column.guard, "buyers": buyers, "tickets": TICKETS,
        "delay": "0ms..3ms", "timeout": "3s", "control": False,
    }  # fmt: skip
    return from_flags(given if column.lock is None else {**given, "lock": column.lock})


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise UsageError(f"--witnesses {folder}: {problem}") from None
    ensure_output("--witnesses", folder / "evidence")
