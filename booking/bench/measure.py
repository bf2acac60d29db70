"""Measure variants in interleaved rounds, A B C A B C: interference affects every variant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import TypeVar

from booking.bench.baseline import bare, c_loop, compile_limit
from booking.bench.cpu_time import CpuMeter
from booking.bench.metrics import Figures, figures
from booking.bench.plan import Plan, Variant
from booking.core.assembly import Assembly, arrange, assemble
from booking.core.base_classes import hooks, inventory_path
from booking.core.durations import Span
from booking.core.protocols import Store
from booking.core.scenario import Scenario
from booking.errors import BookingError, InventoryError
from booking.experiments.expectations import Failure
from booking.experiments.sale import leave
from booking.fleets.local import LocalFleet
from booking.history.model import SaleEnd
from booking.processes.resource_limits import ensure_connections
from booking.stores.common.run_lock import Use, run_lock
from booking.system.scratch import scratch_folder

TICKETS = 10**9  # more than any sale can sell in its time
WARM_UP_SHARE = 0.2  # of the time; its figures are dropped
BENCHMARK = Use("a benchmark")
NO_DELAY = Span(0.0, 0.0)

T = TypeVar("T")
Tell = Callable[[str, int, int], None]  # what comes next, pieces of work done, of how many


@dataclass(frozen=True, slots=True)
class Sample:
    """One sale in one round, and the floors that were measured beside it, in tickets a second."""

    turn: int  # number of the round
    buyers: int
    variant: Variant
    figures: Figures
    bare_per_s: float
    c_per_s: float | None  # None where there is no compiler


@dataclass(slots=True)
class Measured:
    """What was measured so far, and why some variants could not be: those are left out."""

    samples: list[Sample] = field(default_factory=list)
    failed: dict[Variant, Failure] = field(default_factory=dict)

    def attempt(self, variants: Sequence[Variant], work: Callable[[], T]) -> T | None:
        """Do a piece of work; where it fails, its variants are not tried again."""
        try:
            return work()
        except (Exception, SystemExit) as error:
            self.failed |= dict.fromkeys(variants, Failure.of(error))
            return None


def measure(
    plan: Plan, tell: Tell, *, with_c: bool = True, measured: Measured | None = None
) -> Measured:
    """Run each variant as a warm-up, then every round; call `tell` before each piece of work.

    `measured` is added to; the caller has it, too, where an interruption ends the work.
    """
    for variant in plan.variants:
        ensure_connections(assemble(_scenario(variant, max(plan.buyers), plan, plan.duration_s)))
    measured = Measured() if measured is None else measured
    work = len(plan.variants) * (1 + plan.rounds * len(plan.buyers))
    done = 0
    with scratch_folder() as folder:
        program = compile_limit(folder) if with_c else None
        several = min(count for count in plan.buyers if count > 1)
        for variant in plan.variants:
            tell(f"warming up {variant.title(len(plan.stores))}", done, work)
            warm_up_s = plan.duration_s * WARM_UP_SHARE
            measured.attempt([variant], partial(_sale, variant, several, plan, warm_up_s))
            done += 1
        for turn, buyers in product(range(plan.rounds), plan.buyers):
            if measured.failed.keys() >= set(plan.variants):
                break  # nothing is left whose floors would be of use
            floors, c_per_s = _floors(plan, folder, program, measured)
            for variant in plan.variants:
                name = variant.title(len(plan.stores))
                who = f"{buyers} buyer{'s' * (buyers > 1)}"
                tell(f"round {turn + 1}: {name}, {who}", done, work)
                done += 1
                if variant in measured.failed:
                    continue
                sale = partial(_sale, variant, buyers, plan, plan.duration_s)
                result = measured.attempt([variant], sale)
                if result is not None:
                    floor = floors[variant.store]
                    measured.samples.append(Sample(turn, buyers, variant, result, floor, c_per_s))
    tell("done", done, work)
    return measured


def _floors(
    plan: Plan, folder: Path, program: Path | None, measured: Measured
) -> tuple[dict[str, float], float | None]:
    """Return the floors, in tickets a second: each store's, and the C loop's."""
    floors = {}
    for name in plan.stores:
        alone = _scenario(Variant(name, "none"), 1, plan, plan.duration_s)
        those = [variant for variant in plan.variants if variant.store == name]
        if all(variant in measured.failed for variant in those):
            continue
        floor = measured.attempt(those, partial(_floor, alone))
        if floor is not None:
            floors[name] = floor
    if program is None:
        return floors, None
    return floors, c_loop(program, folder, plan.duration_s, durable=plan.durable)


def _floor(alone: Scenario) -> float:
    with _inventory(assemble(alone)) as (store, _):
        return bare(store, alone.buy_for or 0.0)


def _sale(variant: Variant, buyers: int, plan: Plan, duration_s: float) -> Figures:
    """Return the figures of one sale, recorded as every sale is."""
    scenario = _scenario(variant, buyers, plan, duration_s)
    assembly = assemble(scenario)
    with _inventory(assembly) as (store, folder):
        guard = assembly.build_guard(folder, store)
        tickets = min(TICKETS, assembly.guard_traits.tickets_max or TICKETS)
        store.reset(tickets)
        arrange(store, guard)
        hooks(store).disconnect()
        meter = CpuMeter()
        history = LocalFleet(folder, meter).run(scenario, store, guard)
        end = history.end
        if end.deaths or end.hung or end.unlogged or end.unanswered:
            raise BookingError(_broken(variant, buyers, end))
        history.tickets, history.remaining = tickets, store.read()
        return figures(history, buyers, meter.used_ns())


def _scenario(variant: Variant, buyers: int, plan: Plan, duration_s: float) -> Scenario:
    return Scenario(
        store=variant.store, guard=variant.guard, lock=variant.lock, buyers=buyers,
        tickets=TICKETS, search=False, delay=NO_DELAY, durable=plan.durable, control=False, seed=0,
        buy_for=duration_s, timeout=60.0,
    )  # fmt: skip


@contextmanager
def _inventory(assembly: Assembly) -> Iterator[tuple[Store, Path]]:
    """Open a store in a folder of its own; remove both."""
    with scratch_folder() as folder:
        store = assembly.build_store(folder)
        try:
            with run_lock(store, assembly.named, BENCHMARK), _put_back(store, assembly.named):
                yield store, folder
        finally:
            leave(store)


@contextmanager
def _put_back(store: Store, named: str) -> Iterator[None]:
    """Put the tickets back that an inventory of the user's had; remove one that was not there."""
    if not named:
        yield
        return
    try:
        before = store.read()
    except InventoryError:
        before = None
    path = inventory_path(store)
    is_new = before is None and path is not None and not path.exists()
    try:
        yield
    finally:
        if is_new and path is not None:
            store.close()
            path.unlink(missing_ok=True)
        else:
            store.reset(before or 0)


def _broken(variant: Variant, buyers: int, end: SaleEnd) -> str:
    if end.unanswered:
        what = f"{', '.join(end.unanswered)} did not answer"
    elif end.deaths:
        what = f"buyers ended early: {end.deaths}"
    elif end.hung:
        what = f"buyers hung: {end.hung}"
    else:
        what = f"event logs are missing or cut short, of buyers {end.unlogged}"
    return f"{variant.label} with {buyers} buyers could not be measured; {what}"
