"""Use a store by hand, as one buyer: search, buy, reset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import structs

from booking.core.assembly import Assembly, arrange, assemble, users_code
from booking.core.base_classes import guard_hooks, hooks, inventory_path
from booking.core.order_execution import NullRecorder, perform_order
from booking.core.protocols import Guard, Order, Reply, Store
from booking.core.registry import BUILT_IN, default_lock, resolve
from booking.core.scenario import Scenario
from booking.core.traits import lock_traits
from booking.errors import InUseError, InventoryError, UsageError
from booking.experiments.sale import leave
from booking.stores.common.run_lock import Use, purchase_permit, run_lock
from booking.system.scratch import scratch_folder

RESET = Use("a reset", brief=True)
PURCHASE = Use("a purchase by hand", brief=True)
LOCK_S = 10.0


def sell_one(scenario: Scenario) -> Reply:
    """Carry out one order, as one buyer among those of other programs."""
    if scenario.lock and lock_traits(resolve("lock", scenario.lock)).one_sale_only:
        raise UsageError(f"lock {scenario.lock} guards one sale's own processes; use --lock=flock")
    assembly = assemble(scenario)
    with _opened(assembly) as (store, folder):
        hooks(store).prepare()
        store.read()  # refuses an unusable inventory before a lock file is made
        with _permit(assembly, store, assembly.build_guard(folder, store)) as guard:
            completion = perform_order(store, guard, Order(0, scenario.quantity), NullRecorder())
        if completion.cause is not None:  # on the command line an error of the store is an error
            raise completion.cause
        return completion.reply


def count(url: str) -> int:
    """Return how many tickets a store has left."""
    with _opened(assemble(Scenario(store=url))) as (store, _):
        return store.read()


def restock(scenario: Scenario) -> None:
    """Put a scenario's tickets into its store, while no sale and no purchase is under way."""
    assembly = assemble(scenario)
    with (
        _opened(assembly) as (store, folder),
        run_lock(store, assembly.named, RESET),
        _locked(assembly, store, folder),
    ):
        store.reset(scenario.tickets or 0)


@contextmanager
def _permit(assembly: Assembly, store: Store, guard: Guard) -> Iterator[Guard]:
    """Hold what a purchase by hand needs: a place beside other buyers, or the whole inventory.

    Where tickets may lie in several places, a running sale has arranged them as its guard needs
    them. Then the purchase waits for the sale's end, as long as it would wait for a lock.
    """
    scenario, location = assembly.scenario, assembly.named
    if hooks(store).gathers or guard_hooks(guard).rearranges:
        with run_lock(store, location, PURCHASE, scenario.patience_s):
            arrange(store, guard)
            yield guard
    else:
        use = structs.replace(PURCHASE, lock=assembly.lock_name)
        with purchase_permit(store, location, use, scenario.quantity):
            yield guard


@contextmanager
def _locked(assembly: Assembly, store: Store, folder: Path) -> Iterator[None]:
    """Hold the usual lock of a file: another program may be in the middle of a purchase."""
    path = inventory_path(store)
    if path is None or hooks(store).gathers or not _is_usable(store):
        yield
        return
    lock = assemble(assembly.scenario.but(guard="lock", lock=default_lock())).build_lock(
        folder, store
    )
    assert lock is not None  # the scenario names one
    if not lock.acquire(LOCK_S):
        raise InUseError(f"{path}: another program holds its lock; wait for it")
    try:
        yield
    finally:
        lock.release()


def _is_usable(store: Store) -> bool:
    """Return whether other programs can buy: else no lock file is made."""
    try:
        store.read()
    except InventoryError:
        return False
    return True


@contextmanager
def _opened(assembly: Assembly) -> Iterator[tuple[Store, Path]]:
    """Open a store that lasts, with a scratch folder; close it behind the block."""
    name = assembly.store_name
    if name in BUILT_IN["store"] and not assembly.location:
        raise UsageError(f"--store {name}: has no place that lasts; name one, as in json:data.json")
    with scratch_folder() as folder:
        store = assembly.build_store(folder)
        try:
            with users_code(f"store {assembly.shown_store}"):
                yield store, folder
        finally:
            leave(store)
