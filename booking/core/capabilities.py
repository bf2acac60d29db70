"""What some stores can do besides reading and writing a count: each the need of a guard.

A store has a capability if it has the methods; `PinnedLock` is one of locks. A transaction's
writes are seen by no other process before `commit`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, runtime_checkable


@runtime_checkable
class AtomicStore(Protocol):
    """A store that can take tickets in one indivisible effect."""

    def take(self, quantity: int) -> int | str | bool | None:
        """Take `quantity` tickets; return the count before, or None where too few are left.

        A store that tells no number returns True or False, and one with seats the seat's name.
        """


@runtime_checkable
class VersionedStore(Protocol):
    """A store that writes only over the version that was read."""

    def read_versioned(self) -> tuple[int, int]:
        """Return the count and its version."""

    def compare_and_set(self, version: int, remaining: int) -> bool:
        """Replace the count if it still has that version; return whether it had."""


@runtime_checkable
class CountingStore(Protocol):
    """A store that adds to its count in one indivisible effect, without a check."""

    def add(self, delta: int) -> int:
        """Add to the count and return the result, which may be below 0."""


@runtime_checkable
class ConstrainedStore(Protocol):
    """A store that refuses every write of a count below 0."""

    def take_constrained(self, quantity: int) -> int | str | bool | None:
        """Take `quantity` without a check; return as `take` does, None or False where refused."""


@runtime_checkable
class RowLockingStore(Protocol):
    """A store that can lock its count between reading and writing it."""

    def read_locked(self) -> int | None:
        """Lock the count and return it; None where the lock was not free in time."""

    def write(self, remaining: int) -> None:
        """Replace the count that is locked."""

    def commit(self) -> None:
        """Publish what was written, and release the lock."""

    def rollback(self) -> None:
        """Undo what was written, and release the lock."""


@runtime_checkable
class AdvisoryStore(Protocol):
    """A store with a lock of its own that does not lock the count."""

    def write(self, remaining: int) -> None:
        """Replace the count, locked or not."""

    def lock_advisory(self) -> bool:
        """Take the lock; return False where it was not free in time."""

    def unlock_advisory(self) -> None:
        """Release the lock."""


@runtime_checkable
class SerializableStore(Protocol):
    """A store whose transactions end as if they ran one by one, or raise `ConflictError`."""

    def read_serializable(self) -> int:
        """Begin a transaction and return the count in it."""

    def write(self, remaining: int) -> None:
        """Replace the count in the transaction."""

    def commit(self) -> None:
        """Publish what was written, or raise `ConflictError`."""

    def rollback(self) -> None:
        """Undo what was written."""


@runtime_checkable
class TicketPool(Protocol):
    """A store with one row or token for each ticket; any buyer may take any of them."""

    def open_pool(self) -> None:
        """Make a token of each ticket that is left."""

    def claim(self, buyer: int, quantity: int) -> int | str | bool | None:
        """Take `quantity` tokens; return the highest seat, or None where too few are left.

        A seat may be a text, and True says that there is none to tell.
        """


@runtime_checkable
class ShardedStore(Protocol):
    """A store that can keep several counters for one inventory."""

    def split(self, shards: int) -> None:
        """Spread what is left over so many counters."""

    def take_from(self, shard: int, quantity: int) -> int | None:
        """Take from one counter; return what it had before, or None where that is too little."""

    def take_across(self, quantity: int) -> bool:
        """Take from all counters together; return whether there was enough."""


@runtime_checkable
class LeaseStore(Protocol):
    """A store that lends the right to write for a while; a holder that is late loses it."""

    def take_lease(self, owner: int, lease_s: float) -> int | None:
        """Take the lease if it is free; return a token, higher than any before, or None."""

    def write_fenced(self, remaining: int, token: int) -> bool:
        """Replace the count unless a higher token was issued; return whether it was replaced."""

    def give_back(self, token: int) -> None:
        """End the lease early, if this token still holds it."""


@runtime_checkable
class Snapshot(Protocol):
    """A store that shows the explorer all that its buyers share: equal states merge."""

    def snapshot(self) -> Hashable:
        """Return the shared content, all of it, without announcing a step."""


@runtime_checkable
class PinnedLock(Protocol):
    """A lock of a file that another process may swap: it can hold on to one file."""

    watched: bool  # whether other processes may reach the file's folder

    def pin(self) -> None:
        """Take no other file from now on."""

    def unpin(self) -> None:
        """Take any file of that name again."""


# The protocols of which each method is an effect on what buyers share.
EFFECTIVE: tuple[type, ...] = (
    AtomicStore, VersionedStore, CountingStore, ConstrainedStore, RowLockingStore, AdvisoryStore,
    SerializableStore, TicketPool, ShardedStore, LeaseStore,
)  # fmt: skip
