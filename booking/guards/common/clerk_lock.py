"""What every guard with a clerk shares: one clerk an inventory, an error where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from booking.core.protocols import Kit, Lock
from booking.errors import UsageError

HANDOVER_S = 2.0  # a buyer with a lock releases it within that; another clerk does not


def clerk_lock(kit: Kit, guard: str) -> Lock:
    """Return the lock that a clerk holds; refuse one that stays locked when the clerk dies."""
    # Asked of the object, not of its class: an exploration wraps a lock.
    if not getattr(kit.lock, "crash_safe", False):
        raise UsageError(f"guard {guard} needs a lock that survives its clerk; use --lock=flock")
    return cast("Lock", kit.lock)


@contextmanager
def holding(lock: Lock, guard: str) -> Iterator[None]:
    """Hold the inventory's lock while the clerk serves; raise `UsageError` where it is held."""
    if not lock.acquire(HANDOVER_S):
        where = getattr(lock, "path", "its lock")
        raise UsageError(
            f"guard {guard}: another clerk serves this inventory (it holds {where}); "
            "wait for its end, or sell from another inventory"
        )
    try:
        yield
    finally:
        lock.release()


def no_clerk(guard: str) -> UsageError:
    """Return the error of an order outside a sale."""
    return UsageError(f"guard {guard} has a clerk only during a sale; use --lock")
