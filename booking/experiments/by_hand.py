"""Use a store by hand, as one buyer: search, buy, reset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from booking.core.assembly import Assembly, arrange, assemble, pinned, users_code
from booking.core.base_classes import guard_hooks, hooks
from booking.core.order_execution import NullRecorder, perform_order
from booking.core.protocols import Order, Reply, Store
from booking.core.registry import BUILT_IN, resolve
from booking.core.scenario import Scenario
from booking.core.traits import lock_traits
from booking.errors import UsageError
from booking.experiments.sale import leave
from booking.stores.common.run_lock import run_lock
from booking.system.scratch import scratch_folder


def sell_one(scenario: Scenario) -> Reply:
    """Carry out one order, as one buyer among those of other programs."""
    if scenario.lock and lock_traits(resolve("lock", scenario.lock)).one_sale_only:
        raise UsageError(f"lock {scenario.lock} guards one sale's own processes; use --lock=flock")
    assembly = assemble(scenario)
    with _opened(assembly) as (store, folder):
        hooks(store).prepare()
        store.read()  # refuses an unusable inventory before a lock file is made
        lock = assembly.build_lock(folder, store)
        guard = assembly.build_guard(folder, store, lock=lock)
        # A running sale has arranged the tickets as its guard needs them.
        if hooks(store).gathers or guard_hooks(guard).rearranges:
            with run_lock(store, assembly.location):
                arrange(store, guard)
        with pinned(lock):
            completion = perform_order(store, guard, Order(0, scenario.quantity), NullRecorder())
        if completion.cause is not None:  # on the command line an error of the store is an error
            raise completion.cause
        return completion.reply


def count(url: str) -> int:
    """Return how many tickets a store has left."""
    with _opened(assemble(Scenario(store=url))) as (store, _):
        return store.read()


def restock(scenario: Scenario) -> None:
    """Put a scenario's tickets into its store."""
    with _opened(assemble(scenario)) as (store, _):
        store.reset(scenario.tickets or 0)


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
