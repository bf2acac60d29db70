"""Run a sale: inventory, buyers, history, verdict; and the control that shows it could race."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import SystemRandom
from tempfile import gettempdir
from typing import Any

from booking.checker import check
from booking.core.assembly import arrange, hand_over
from booking.core.protocols import (
    Arranging,
    Gathering,
    Guard,
    Kit,
    Lock,
    Order,
    Place,
    Preparable,
    Reply,
    Store,
    Sweepable,
)
from booking.core.redaction import masked
from booking.core.registry import BUILT_IN, build, load, members, resolve, split_url, takes_argument
from booking.core.scenario import Fault, Scenario
from booking.core.verdict import AnomalyName, Outcome, Verdict, merge
from booking.errors import BookingError, InventoryError, UsageError
from booking.fleets.listener import Listener, NullListener
from booking.history.model import Event, History
from booking.processes.resource_limits import ensure_connections
from booking.stores.common.run_lock import sale_permit
from booking.system.scratch import scratch_folder

TICKETS = 3  # of a private inventory, unless it is said
SEED_MAX = 10**6  # short enough to be typed again
STUCK = {AnomalyName.HANG, AnomalyName.STALE_LOCK}  # no race
UNJUDGED = Verdict(Outcome.UNKNOWN, "not judged yet")


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale that was run: what was to be, what happened, what is to be said of it."""

    scenario: Scenario
    history: History
    verdict: Verdict
    control: Sale | None = None

    @property
    def tickets(self) -> int:
        """Tickets at the start."""
        return self.history.tickets or 0

    @property
    def remaining(self) -> int | None:
        """Tickets at the end; None where the inventory could not be read any more."""
        return self.history.remaining

    @property
    def sold(self) -> int:
        """Tickets that buyers were told are theirs."""
        return sum(event.quantity for event in self.completions("ok"))

    @property
    def oversold(self) -> int:
        """Tickets sold beyond those there were."""
        return max(0, self.sold - self.tickets)

    @property
    def undersold(self) -> int:
        """Tickets left although somebody who was answered came for them."""
        quantity = self.scenario.quantity
        orders = len(self.completions("ok")) + len(self.completions("fail"))
        wanted = self.tickets if self.scenario.until_sold_out else orders * quantity
        possible = min(wanted, self.tickets) // quantity * quantity
        unknown = sum(event.quantity for event in self.completions("info"))
        return max(0, possible - self.sold - unknown)

    @property
    def lost(self) -> int:
        """Tickets gone from the inventory which nobody was told are his."""
        if self.remaining is None:
            return 0
        return max(0, self.tickets - self.remaining - self.sold)

    @property
    def retries(self) -> int:
        """How often an order was begun anew: each attempt after the first reads once more."""
        reads: Counter[int | str] = Counter()
        retries = 0
        for event in self.history.events:
            if event.f == "buy":
                retries += max(0, reads.pop(event.process, 0) - 1)
            elif event.type == "step" and event.f == "read":
                reads[event.process] += 1
            elif event.f == "search":
                reads.pop(event.process, None)
        return retries

    @property
    def elapsed_s(self) -> float:
        """From the opening of the gate to the last completion."""
        completed = [event.time for event in self.history.events if event.type in {"ok", "fail"}]
        opened: int = self.history.end.get("opened_ns", 0)
        return max(0, max(completed, default=opened) - opened) / 1e9

    @property
    def sales_per_s(self) -> float:
        """Tickets sold a second."""
        return self.sold / self.elapsed_s if self.elapsed_s else 0.0

    def completions(self, outcome: str) -> list[Event]:
        """Give the orders that ended `ok`, `fail` or `info`."""
        events = self.history.events
        return [event for event in events if event.type == outcome and event.f == "buy"]


# Given the scratch folder and the watcher: whatever has `run(scenario, store, guard)`.
FleetMaker = Callable[[Path, Listener], Any]


def run_sale(
    scenario: Scenario, watcher: Listener | None = None, fleet: FleetMaker | None = None
) -> Sale:
    """Run a scenario, by another fleet if one is given; follow a guarded sale by its control."""
    if scenario.seed is None:
        scenario = scenario.but(seed=SystemRandom().randrange(SEED_MAX))
    controlled = scenario.guarded and scenario.control
    ensure_connections(scenario)
    if controlled:  # which has a server of its own
        ensure_connections(_control_of(scenario, 0), ", or --no-control")
    sale = _run_once(scenario, watcher or NullListener(), fleet)
    if not controlled:
        return sale
    try:
        control = _run_once(_control_of(scenario, sale.tickets), watcher or NullListener(), fleet)
    except InventoryError as error:  # the sale was: what it shows is not thrown away
        return replace(sale, verdict=_without_control(sale.verdict, error))
    if _has_one_place(scenario):
        restock(scenario.but(tickets=sale.remaining or 0))  # as the guarded sale left it
    return Sale(scenario, sale.history, _against(sale.verdict, control), control)


def _without_control(verdict: Verdict, error: BookingError) -> Verdict:
    """Weigh a verdict that has no control: whether the guard was put to the test is not known."""
    if verdict.outcome is not Outcome.VALID:
        return verdict
    advice = "--no-control judges the sale alone"
    return Verdict(Outcome.UNKNOWN, f"the control could not be run: {error}; {advice}")


def _control_of(scenario: Scenario, tickets: int) -> Scenario:
    """Give the same sale without what keeps the buyers apart, on an inventory of its own.

    Without a guard that is the arrival one by one; otherwise they come as they came before.
    """
    name, _ = split_url(scenario.store)
    arrival = "together" if scenario.guard == "none" else scenario.arrival
    return scenario.but(
        store=name, tickets=tickets, guard="none", lock=None, arrival=arrival,
        faults=[], close_after=None, control=False,
    )  # fmt: skip


def _has_one_place(scenario: Scenario) -> bool:
    """Say whether every sale of this store sells from the same inventory."""
    name, _ = split_url(scenario.store)
    return name not in BUILT_IN["store"] and not takes_argument(resolve("store", name))


def _against(verdict: Verdict, control: Sale) -> Verdict:
    """Weigh a verdict by its control: only a sale that can race shows that a guard helps."""
    if verdict.outcome is not Outcome.VALID:
        return verdict
    if {one.name for one in control.verdict.anomalies} - STUCK:
        raced = f"the same sale without the guard raced and sold {control.sold}"
        return Verdict(Outcome.VALID, f"{verdict.reason}; {raced}")
    advice = "give more buyers or a longer delay"
    if control.scenario.arrival != "together":
        advice += ", or let them come together"
    if not control.sold:
        advice = "nothing could be sold; give more tickets or a smaller quantity"
    return Verdict(
        Outcome.UNKNOWN,
        f"the control did not race, so the guard was not put to the test; {advice}",
    )


def _run_once(scenario: Scenario, watcher: Listener, fleet: FleetMaker | None) -> Sale:
    with scratch_folder() as folder:
        launched = (fleet or resolve("fleet", "local"))(folder, watcher)
        launched.ensure_room(scenario)
        store = open_store(scenario, folder)
        if getattr(store, "explored_only", False):
            raise UsageError(
                f"store {masked(scenario.store)} is shared inside one process, for booking "
                "explore; real buyers are processes: use --store json"
            )
        guard = open_guard(scenario, folder, store)
        if scenario.behaviour is not None:
            load(scenario.behaviour, "behaviour")
        with sale_permit(store, split_url(scenario.store)[1]):
            try:
                tickets = _stock(store, scenario)
                arrange(store, guard)
                hand_over(store)
                history: History = launched.run(scenario, store, guard)
                history.tickets, history.remaining = tickets, _count(store)
            finally:
                _leave(store)
        shown = scenario.but(store=masked(scenario.store))
        history.sale = shown.model_dump(mode="json", exclude_defaults=True)
        if numbers := getattr(guard, "numbers", None):  # what a bought ticket's number means
            history.sale["numbers"] = numbers
        sale = Sale(scenario, history, UNJUDGED)
        return replace(sale, verdict=_judged(history, sale.sold, scenario.faults))


def open_store(scenario: Scenario, folder: Path) -> Store:
    """Build the store that a scenario names."""
    name, location = split_url(scenario.store)
    place = Place(location, folder, scenario.durable, scenario.patience_s)
    store: Store = build("store", name, place)
    return store


def open_guard(scenario: Scenario, folder: Path, store: Store) -> Guard:
    """Build the guard that a scenario names; refuse one that the store cannot carry."""
    ensure_capable(scenario, store)
    lock: Lock | None = None
    named = scenario.lock or getattr(resolve("guard", scenario.guard), "holds", None)
    if named is not None:
        lock = build("lock", named, sidecar(store, folder))
    kit = Kit(lock, scenario.patience_s, scenario.acquire_timeout or scenario.timeout / 2)
    guard: Guard = build("guard", scenario.guard, kit)
    return guard


def ensure_capable(scenario: Scenario, store: Store) -> None:
    """Refuse a guard that the store cannot carry, with the list of those that it can."""
    needs = getattr(resolve("guard", scenario.guard), "needs", Store)
    if needs is not Store and not isinstance(store, needs):
        able = [name for name, one in members("guard") if _carries(store, one)]
        raise UsageError(
            f"guard {scenario.guard} needs a store with {needs.__name__}, which "
            f"{masked(scenario.store)} is not; it can do: {', '.join(able)}"
        )


def _carries(store: Store, guard: Any) -> bool:
    needs = getattr(guard, "needs", None)
    return needs is Store or (isinstance(needs, type) and isinstance(store, needs))


def sidecar(store: Store, folder: Path) -> Path:
    """Say where the lock file is: beside the inventory, never the file that is replaced.

    Where the inventory is a server's, whoever names it on this machine meets at one file.
    """
    path = getattr(store, "path", None)
    if isinstance(path, Path):
        return path.with_name(path.name + ".lock")
    if location := getattr(store, "location", None):
        name = sha256(str(location).encode()).hexdigest()[:16]
        return Path(gettempdir()) / f"booking-lock-{os.getuid()}-{name}"
    return folder / "sale.lock"


def _stock(store: Store, scenario: Scenario) -> int:
    """Fill the inventory, or take it as it is; nothing has been started yet if it is bad."""
    _, location = split_url(scenario.store)
    tickets = scenario.tickets
    with _users_code(f"store {masked(scenario.store)}"):
        if isinstance(store, Preparable):
            store.prepare()
        if tickets is None and location:
            return store.read()
        tickets = TICKETS if tickets is None else tickets
        store.reset(tickets)
    return tickets


@contextmanager
def _users_code(what: str) -> Iterator[None]:
    """Let an error in a user's own class be the user's, said in one line."""
    try:
        yield
    except BookingError:
        raise
    except Exception as error:
        problem = masked(" ".join(f"{type(error).__name__}: {error}".split()))
        raise UsageError(f"{what} fails: {problem}") from None


def _count(store: Store) -> int | None:
    try:
        with _users_code("the store"):
            return store.read()
    except BookingError:
        return None


def _leave(store: Store) -> None:
    if isinstance(store, Sweepable):
        store.sweep()
    store.close()


def _judged(history: History, sold: int, faults: Sequence[Fault]) -> Verdict:
    """Judge the history, and what became of the processes."""
    verdict = merge([check(history), _processes(history), _plan(history, faults)])
    if verdict.outcome is not Outcome.VALID:
        return verdict
    if history.remaining is None:
        return Verdict(
            Outcome.UNKNOWN, "the count at the end could not be read: is the store gone?"
        )
    each = "each once, " if sold > 1 else ""
    reason = f"{sold} of {history.tickets} tickets sold, {each}{history.remaining} left"
    return Verdict(Outcome.VALID, reason, verdict.anomalies)


def _processes(history: History) -> Verdict:
    """Hold the processes against the plan: a death that nobody planned decides nothing."""
    end = history.end
    if end["silent"]:
        who = ", ".join(map(str, end["silent"]))
        reason = f"nobody moved, and buyer {who} was ended; give a longer --timeout"
        return Verdict(Outcome.UNKNOWN, reason)
    crashed = {n: why for n, why in end["crashed"].items() if n not in end["planned"]}
    if crashed:
        number, why = next(iter(crashed.items()))
        more = f" (and {len(crashed) - 1} more)" if len(crashed) > 1 else ""
        who = number if isinstance(number, str) else f"buyer {number}"
        return Verdict(Outcome.UNKNOWN, f"{who} ended early{more}: {why}")
    if not any(event.f == "buy" for event in history.events):
        return Verdict(Outcome.UNKNOWN, "nobody ordered anything, so nothing was put to the test")
    if end["alive"] or end["zombies"] or end["orphans"]:
        return Verdict(Outcome.UNKNOWN, "processes of the sale are left which would not end")
    return Verdict(Outcome.VALID, "every buyer ended")


def _plan(history: History, faults: Sequence[Fault]) -> Verdict:
    """Hold the fault plan against what came of it: a fault that never struck shows nothing."""
    for number, fault in enumerate(faults):
        if number not in history.end["struck"]:
            steps = ", ".join(sorted({event.f for event in history.steps()}))
            what = f"{fault.kind} before {fault.before}"
            reason = f"the planned fault never struck ({what}); steps that were taken: {steps}"
            return Verdict(Outcome.UNKNOWN, reason)
    return Verdict(Outcome.VALID, "every planned fault struck")


def replay_command(
    scenario: Scenario,
    source: Path | None = None,
    base: Scenario | None = None,
    tickets: int | None = None,
) -> str:
    """Give the command that runs this sale again: what differs from its file, or from defaults.

    `tickets` is how many there were, for an inventory that the sale took as it was.
    """
    if split_url(scenario.store)[1] and scenario.tickets is None:
        scenario = scenario.but(tickets=tickets)
    words = ["booking", "simulate"]
    if source is not None:
        words.append(str(source))
    usual = (base or Scenario()).model_dump(mode="json")
    usual["store"] = masked(usual["store"])
    scenario = scenario.but(store=masked(scenario.store))
    for key, value in scenario.model_dump(mode="json").items():
        if value != usual[key]:
            words += _flag(key, value)
    return shlex.join(words)


_NOT_FLAGS = {"title", "faults", "expect"}
_SWITCHES = {"until_sold_out", "durable"}
_PAIRS = {"control", "search", "daemon"}


def _flag(key: str, value: Any) -> list[str]:
    flag = f"--{key.replace('_', '-')}"
    if key in _NOT_FLAGS or (key == "guard" and value == "lock") or value is None:
        return []
    if key == "lock":
        return [f"--lock={value}"]
    if key in _SWITCHES:
        return [flag]
    if key in _PAIRS:
        return [flag if value else f"--no-{flag[2:]}"]
    return [flag, str(value)]


@contextmanager
def _by_hand(scenario: Scenario) -> Iterator[tuple[Store, Path]]:
    """Open the store of a scenario for one person, and close it."""
    name, location = split_url(scenario.store)
    if name in BUILT_IN["store"] and not location:
        raise UsageError(f"--store {name}: has no place that lasts; name one, as in json:data.json")
    with scratch_folder() as folder:
        store = open_store(scenario, folder)
        try:
            with _users_code(f"store {masked(scenario.store)}"):
                yield store, folder
        finally:
            _leave(store)


def sell_one(scenario: Scenario) -> Reply:
    """Carry out one order by hand, as one buyer among whoever else is there."""
    if scenario.lock and getattr(resolve("lock", scenario.lock), "one_sale_only", False):
        raise UsageError(f"lock {scenario.lock} guards one sale's own processes; use --lock=flock")
    with _by_hand(scenario) as (store, folder):
        if isinstance(store, Preparable):
            store.prepare()
        store.read()  # an inventory that cannot be used is refused before a lock file is made
        guard = open_guard(scenario, folder, store)
        # Who sells meanwhile has the tickets where he needs them.
        if isinstance(store, Gathering) or isinstance(guard, Arranging):
            with sale_permit(store, split_url(scenario.store)[1]):
                arrange(store, guard)
        return guard.sell(store, Order(0, scenario.quantity))


def count(url: str) -> int:
    """Look how many tickets a store has left."""
    with _by_hand(Scenario(store=url)) as (store, _):
        return store.read()


def restock(scenario: Scenario) -> None:
    """Put a scenario's tickets into its store."""
    with _by_hand(scenario) as (store, _):
        store.reset(scenario.tickets or 0)
