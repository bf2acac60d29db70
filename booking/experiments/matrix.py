"""Which anomaly each guard allows on each store: every cell computed by runs, none written down.

A cell is `prevented` where every interleaving of bounded sales was explored and all are sound;
`happens` where a run shows it, with a witness; otherwise `not-provoked`, with the number of
trials and what zero of so many allows to say (with 95 % confidence at most 3 in N: the rule of
three). What crashes and pauses do is not explored, so there nothing is ever `prevented`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from booking.core.catalogue import carries
from booking.core.counterexample import Counterexample, CounterexampleBuyer, save
from booking.core.registry import members, resolve, unknown
from booking.core.scenario import Fault, Scenario, from_flags
from booking.core.traits import guard_traits, store_traits
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import BookingError, UsageError
from booking.experiments.exploration import prove
from booking.experiments.sale import Sale, run_sale
from booking.history.actions import CHANGES
from booking.history.model import History, dump

STORES = ("json", "sqlite", "postgres", "redis")
TRIALS = 20
TICKETS = 2
BUYERS = 4
PAUSE_S = 0.2  # long enough for everybody else to sell
LEASE_PAUSE_S = 1.5  # longer than any lease
# The bounded sales that are explored: what each buyer wants, tickets, whether they look first.
# Orders of two sizes with too few tickets are what `compensate` stumbles over.
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


Who = Literal["first", "clerk"]


class Shown(StrEnum):
    """What a cell says."""

    PREVENTED = "prevented"
    HAPPENS = "happens"
    NOT_PROVOKED = "not-provoked"


@dataclass(frozen=True, slots=True)
class Cell:
    """One anomaly under one guard on one store."""

    shown: Shown
    how: str  # "explored" or "judged"
    trials: int  # executions, or sales of real processes
    message: str = ""
    witness: Path | None = None

    @property
    def rate_max(self) -> float | None:
        """What zero in so many trials allows to say, with 95 % confidence."""
        if self.shown is not Shown.NOT_PROVOKED:
            return None
        return min(1.0, BOUND_95 / self.trials) if self.trials else 1.0


@dataclass(slots=True)
class Column:
    """All that runs showed of one guard on one store."""

    store: str
    guard: str
    complete: bool = True  # whether all was explored
    explored: int = 0
    judged: int = 0  # sales that were decided; one that was not says nothing
    undecided: int = 0
    untried: int = 0  # kills and pauses for which there were too few trials
    found: dict[AnomalyName, tuple[str, str, Path | None]] = field(default_factory=dict)

    def cell(self, name: AnomalyName) -> Cell:
        """Say what was shown of one anomaly."""
        if name in self.found:
            how, message, witness = self.found[name]
            trials = self.explored if how == "explored" else self.judged
            return Cell(Shown.HAPPENS, how, trials, message, witness)
        # Where something else was found, orders were merged that differ in their names: then
        # that this one was not found is no proof.
        sound = self.complete and not any(how == "explored" for how, _, _ in self.found.values())
        if sound and name in BY_ORDER:
            return Cell(Shown.PREVENTED, "explored", self.explored)
        return Cell(Shown.NOT_PROVOKED, "judged", self.judged)


def fill(
    stores: Iterable[str] = STORES,
    guards: Sequence[str] = (),
    trials: int = TRIALS,
    witnesses: Path | None = None,
    progress: Callable[[str], None] = lambda _text: None,
) -> list[Column]:
    """Run what shows the cells of every guard that each of the stores can carry."""
    known = dict(members("guard"))
    for name in guards:
        if name not in known:
            raise UsageError(f"--guards: {unknown('guard', name, known)}")
    if witnesses is not None:
        _make(witnesses)
    columns = []
    for store in stores:
        made = resolve("store", store)
        traits = store_traits(made)
        if traits.explored_only or not traits.shared:
            raise UsageError(f"--stores: {store} is shared by no processes; give others")
        for name, guard in known.items():
            if (not guards or name in guards) and carries(made, guard):
                progress(f"{name} on {store}")
                columns.append(_column(store, name, guard, trials, witnesses))
    return columns


def _column(store: str, name: str, guard: Any, trials: int, folder: Path | None) -> Column:
    column = Column(store, name)
    traits = guard_traits(guard)
    if traits.by_the_clock or not traits.explorable:
        column.complete = False
    else:
        for quantities, tickets, search in EXPLORED:
            _explore(column, quantities, tickets, search, folder)
    plans = [[one] for one in _plans(_judge(column, 0, [], folder), guard)]
    column.untried = max(0, len(plans) - (trials - 1))
    for trial in range(1, trials):
        _judge(column, trial, plans.pop(0) if plans else [], folder)
    return column


def _plans(steps: Sequence[tuple[Who, str]], guard: Any) -> list[Fault]:
    """Plan a pause before what each kind of process changes, and its death before each step."""
    pause_s = LEASE_PAUSE_S if guard_traits(guard).by_the_clock else PAUSE_S
    pauses = []
    for who in dict.fromkeys(who for who, _ in steps):
        changes = [name for name in CHANGES if (who, name) in steps]
        pauses += [
            Fault(kind="pause", buyer=who, before=name, duration=pause_s) for name in changes[:1]
        ]
    return pauses + [Fault(kind="kill", buyer=who, before=name) for who, name in steps]


def _explore(
    column: Column, quantities: Sequence[int], tickets: int, search: bool, folder: Path | None
) -> None:
    who = [CounterexampleBuyer(f"buyer {at}", quantity) for at, quantity in enumerate(quantities)]
    scenario = _scenario(column, len(who)).but(tickets=tickets, search=search)
    proof = prove(scenario, who)
    column.explored += proof.exploration.executions
    column.complete &= proof.exploration.complete and not proof.exploration.undecided
    for witness in proof.witnesses:
        name = AnomalyName(witness.anomaly)
        if name in ROWS and name not in column.found:
            path = _saved(column, witness, folder)
            column.found[name] = ("explored", witness.message, path)


def _saved(column: Column, witness: Counterexample, folder: Path | None) -> Path | None:
    if folder is None:
        return None
    path = folder / f"{column.store}-{column.guard}-{witness.anomaly}.json"
    save(witness, path)
    return path


def _judge(
    column: Column, trial: int, faults: list[Fault], folder: Path | None
) -> list[tuple[Who, str]]:
    """Run one sale of real processes; give whose steps were taken in orders, each once.

    With a fault nobody searches before he orders: the step that it strikes is then an order's.
    """
    scenario = _scenario(column, BUYERS).but(seed=trial, faults=faults, search=not faults)
    sale: Sale = run_sale(scenario)
    if sale.verdict.outcome is Outcome.UNKNOWN:
        column.undecided += 1
    else:
        column.judged += 1
    if sale.verdict.outcome is Outcome.INVALID:
        for anomaly in sale.verdict.anomalies:
            if anomaly.name in ROWS and anomaly.name not in column.found:
                path = None
                if folder is not None:
                    path = folder / f"{column.store}-{column.guard}-{anomaly.name}.jsonl"
                    dump(sale.history, path)
                column.found[anomaly.name] = ("judged", anomaly.message, path)
    return sorted(_taken(sale.history))


def _taken(history: History) -> set[tuple[Who, str]]:
    """Give the steps of orders, and of whoever carries them out; a search is no order."""
    doing: dict[int | str, str] = {"clerk": "buy"}
    taken: set[tuple[Who, str]] = set()
    for event in history.events:
        if event.type == "invoke":
            doing[event.process] = event.f
        elif event.type == "step" and doing.get(event.process) == "buy":
            taken.add(("clerk" if event.process == "clerk" else "first", event.f))
    return taken


def _scenario(column: Column, buyers: int) -> Scenario:
    return from_flags(
        {
            "store": column.store, "guard": column.guard, "buyers": buyers, "tickets": TICKETS,
            "delay": "0ms..3ms", "timeout": "3s", "control": False,
        }
    )  # fmt: skip


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise BookingError(f"--witnesses {folder}: {problem}") from None
