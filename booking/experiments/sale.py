"""Run a sale: inventory, buyers, history, verdict; then the control that shows it could race."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import SystemRandom
from typing import Any

from msgspec import structs

from booking.core.assembly import Assembly, arrange, assemble, pinned, users_code
from booking.core.base_classes import hooks, inventory_path
from booking.core.order_execution import BUY, SEARCH
from booking.core.protocols import Store
from booking.core.registry import resolve
from booking.core.scenario import Scenario
from booking.core.seam_checks import ensure_count
from booking.core.verdict import Outcome, Verdict
from booking.errors import BookingError, IncapableError, InventoryError
from booking.experiments.lock_reach import lock_reach
from booking.experiments.outside import outside_changes, with_doubt
from booking.experiments.permit import one_permit, sale_use
from booking.experiments.premises import premises_of_sale
from booking.experiments.stakes import no_write, uncontrolled, with_stakes
from booking.experiments.verdicts import against_control, verdict_on, without_control
from booking.fleets.listener import Listener, NullListener
from booking.history.actions import Action
from booking.history.model import Event, History
from booking.processes.buyer_process import behaviour_of
from booking.processes.resource_limits import ensure_connections
from booking.processes.sale_memory import ensure_memory
from booking.stores.common.run_lock import run_lock, sweep_marker
from booking.system.scratch import scratch_folder

SEED_MAX = 10**6  # short enough to be typed again
UNDECIDED = Verdict(Outcome.UNKNOWN, "not checked yet")


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale that was run: its assembly, its history, its verdict."""

    assembly: Assembly
    history: History
    verdict: Verdict
    control: Sale | None = None
    answers: Verdict = UNDECIDED  # what `check` says: without the control, and what was at stake
    met: bool = False  # whether buyers met, although the history shows no two orders at a time
    schedule: str | None = None  # the scheduler that ordered the steps
    lock_file: Path | None = None

    @property
    def premises(self) -> list[str]:
        """What the verdict rests on, and what was left out, a sentence each."""
        sentences = premises_of_sale(
            self.assembly, self.tickets, self.elapsed_s, self.schedule,
            controlled=self.control is not None,
        )  # fmt: skip
        return [*sentences, *lock_reach(self.lock_file)]

    @property
    def scenario(self) -> Scenario:
        """The scenario that was run, its seed filled in."""
        return self.assembly.scenario

    @property
    def repeatable(self) -> Scenario:
        """The scenario that runs the sale again: with its tickets, if it took them as they were."""
        if self.assembly.location and self.scenario.tickets is None:
            return self.scenario.but(tickets=self.tickets)
        return self.scenario

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
        """Tickets left, although buyers that were answered came for them."""
        quantity = self.scenario.quantity
        orders = len(self.completions("ok")) + len(self.completions("fail"))
        wanted = self.tickets if self.scenario.until_sold_out else orders * quantity
        possible = min(wanted, self.tickets) // quantity * quantity
        unknown = sum(event.quantity for event in self.completions("info"))
        return max(0, possible - self.sold - unknown)

    @property
    def lost(self) -> int:
        """Tickets gone from the inventory that no buyer was told are sold to it."""
        if self.remaining is None:
            return 0
        return max(0, self.tickets - self.remaining - self.sold)

    @property
    def retries(self) -> int:
        """Attempts of orders after the first one; each attempt reads once."""
        reads: Counter[int | str] = Counter()
        retries = 0
        for event in self.history.events:
            if event.f == BUY:
                retries += max(0, reads.pop(event.process, 0) - 1)
            elif event.type == "step" and event.f == Action.READ:
                reads[event.process] += 1
            elif event.f == SEARCH:
                reads.pop(event.process, None)
        return retries

    @property
    def elapsed_s(self) -> float:
        """Seconds from the opening of the start barrier to the last completion."""
        completed = [event.time for event in self.history.events if event.type in {"ok", "fail"}]
        opened = self.history.end.opened_ns
        return max(0, max(completed, default=opened) - opened) / 1e9

    @property
    def sales_per_s(self) -> float:
        """Tickets sold a second."""
        return self.sold / self.elapsed_s if self.elapsed_s else 0.0

    def completions(self, outcome: str) -> list[Event]:
        """Return the orders that ended `ok`, `fail` or `info`."""
        events = self.history.events
        return [event for event in events if event.type == outcome and event.f == BUY]


def drawn_seed() -> int:
    """Return a seed by chance."""
    return SystemRandom().randrange(SEED_MAX)


# Called with the scratch folder and the listener; returns what has `run(scenario, store, guard)`.
FleetMaker = Callable[[Path, Listener], Any]


def run_sale(
    scenario: Scenario, listener: Listener | None = None, fleet: FleetMaker | None = None
) -> Sale:
    """Run a scenario, by another fleet if one is given; follow a guarded sale by its control.

    The control's fleet is always the local one.
    """
    if scenario.seed is None:
        scenario = scenario.but(seed=drawn_seed())
    listener = listener or NullListener()
    assembly = assemble(scenario)
    with one_permit(assembly):
        return _run(assembly, listener, fleet)


def _run(assembly: Assembly, listener: Listener, fleet: FleetMaker | None) -> Sale:
    scenario = assembly.scenario
    controlled = scenario.guarded and scenario.control
    ensure_connections(assembly)
    if controlled:  # the control has a server of its own
        ensure_connections(assemble(_control_of(assembly, 0)), ", or --no-control")
    sale = _run_once(assembly, listener, fleet)
    if not controlled or sale.history.end.unanswered:
        verdict = with_stakes(sale.verdict, sale.history, controlled=False, met=sale.met)
        return replace(sale, verdict=uncontrolled(verdict) if scenario.guarded else verdict)
    try:
        # The control shall race, so its buyers run free: most orders of a scheduler do not race.
        control = _run_once(assemble(_control_of(assembly, sale.tickets)), listener, None)
    except IncapableError:  # the store has no write, and a control reads and writes
        verdict = with_stakes(sale.verdict, sale.history, controlled=False, met=sale.met)
        return replace(sale, verdict=uncontrolled(verdict, no_write(assembly)))
    except InventoryError as error:  # the sale itself took place: its result is kept
        return replace(sale, verdict=without_control(sale.verdict, error))
    if assembly.one_inventory:
        restore(assembly, sale.remaining or 0)
    verdict = against_control(sale.verdict, control.verdict, control.history, control.scenario)
    verdict = with_stakes(verdict, sale.history, controlled=True, met=sale.met)
    return replace(sale, verdict=verdict, control=control)


def _control_of(assembly: Assembly, tickets: int) -> Scenario:
    """Return the same sale without what serializes the buyers, on an inventory of its own.

    Without a guard that is the serial arrival; otherwise buyers arrive as in the sale itself.
    """
    scenario = assembly.scenario
    arrival = "together" if scenario.guard == "none" else scenario.arrival
    return scenario.but(
        store=assembly.store_name, tickets=tickets, guard="none", lock=None, arrival=arrival,
        faults=[], close_after=None, control=False,
    )  # fmt: skip


def _run_once(assembly: Assembly, listener: Listener, fleet: FleetMaker | None) -> Sale:
    scenario = assembly.scenario
    with scratch_folder() as folder:
        launched = (fleet or resolve("fleet", "local"))(folder, listener)
        launched.ensure_room(scenario)
        assembly.ensure_for_processes()
        store = assembly.build_store(folder)
        lock = assembly.build_lock(folder, store)
        guard = assembly.build_guard(folder, store, getattr(launched, "lock", None), lock)
        behaviour_of(scenario)  # refuses an unknown one, and imports it before any fork
        with run_lock(store, assembly.named, sale_use(assembly)) as permit:
            try:
                tickets = _stock(store, assembly)
                ensure_memory(scenario, tickets)  # of an inventory as it is, only now
                with users_code(f"guard {scenario.guard}"):
                    arrange(store, guard)
                with users_code(f"store {assembly.shown_store}"):
                    hooks(store).disconnect()
                with pinned(lock):
                    history: History = launched.run(scenario, store, guard)
                history.tickets = tickets
                permit.settle()
                history.remaining = None if history.end.unanswered else count_left(store)
            finally:
                leave(store)
            outside = outside_changes(assembly, history, permit.notes())
            history.end = structs.replace(history.end, outside=outside)
        shown = scenario.but(store=assembly.shown_store)
        history.sale = shown.model_dump(mode="json", exclude_defaults=True)
        if (numbers := assembly.guard_traits.numbers) != "before":
            history.sale["numbers"] = numbers
        sale = Sale(assembly, history, UNDECIDED, lock_file=getattr(lock, "path", None))
        verdict = with_doubt(verdict_on(history, sale.sold), assembly, history)
        return replace(sale, verdict=verdict, answers=verdict, met=getattr(launched, "met", False))


def _stock(store: Store, assembly: Assembly) -> int:
    """Fill the inventory, or take it as it is; return its tickets. No buyer has started yet."""
    with users_code(f"store {assembly.shown_store}"):
        hooks(store).prepare()
        if assembly.scenario.tickets is None and assembly.location:
            return store.read()
        store.reset(assembly.tickets)
    return assembly.tickets


def restore(assembly: Assembly, tickets: int) -> None:
    """Put back what the guarded sale left, where its control sold from the same inventory."""
    with scratch_folder() as folder:
        store = assembly.build_store(folder)
        try:
            with users_code(f"store {assembly.shown_store}"):
                store.reset(tickets)
        finally:
            leave(store)


def count_left(store: Store) -> int | None:
    """Return what the store says is left; None where it does not tell a number."""
    try:
        with users_code("the store"):
            remaining = store.read()
            ensure_count(remaining)
            return remaining
    except BookingError:
        return None


def leave(store: Store) -> None:
    """Remove what dead processes left, and close the store."""
    with users_code(f"store {type(store).__qualname__}"):
        hooks(store).sweep()
        path = inventory_path(store)
        if path is not None:
            sweep_marker(path)
        store.close()
