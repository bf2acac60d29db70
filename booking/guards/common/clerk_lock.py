"""What every clerk's counter shares: one clerk an inventory, and buyers who find it closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from booking.core.protocols import Kit, Lock
from booking.errors import UsageError

HANDOVER_S = 2.0  # a `lock` buyer of another sale lets go within that; another clerk does not


def sole_lock(kit: Kit, guard: str) -> Lock:
    """Give the lock that a clerk holds; it must come back when the clerk dies."""
    if kit.lock is None or not kit.lock.crash_safe:
        raise UsageError(f"guard {guard} needs a lock that survives its clerk; use --lock=flock")
    return kit.lock


@contextmanager
def on_duty(lock: Lock, guard: str) -> Iterator[None]:
    """Hold the inventory's lock for as long as the clerk serves, or refuse to serve."""
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


def closed(guard: str) -> UsageError:
    """Say that there is no clerk."""
    return UsageError(f"guard {guard} has a clerk only during a sale; use --lock")
