"""Hold the permit of an inventory over all runs of a sale, and record what the sale does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from booking.core.assembly import Assembly
from booking.core.registry import resolve
from booking.core.traits import lock_traits
from booking.stores.common.run_lock import Use, run_lock
from booking.system.scratch import scratch_folder


def sale_use(assembly: Assembly) -> Use:
    """Return what a sale does; a buyer by hand may join where it can take the same lock."""
    lock = assembly.lock_name
    if lock is not None and lock_traits(resolve("lock", lock)).one_sale_only:
        lock = None
    return Use(lock=lock)


@contextmanager
def one_permit(assembly: Assembly, use: Use | None = None) -> Iterator[None]:
    """Hold an inventory of which there is one over all runs that sell from it.

    A control sells from it, too, and what the sale left is put back. No other sale may come in
    between. Each run inside the block asks for the permit again, and has it.
    """
    if not assembly.one_inventory:
        yield
        return
    with scratch_folder() as folder:
        store = assembly.build_store(folder)
        try:
            with run_lock(store, assembly.named, use or sale_use(assembly)):
                yield
        finally:
            store.close()
