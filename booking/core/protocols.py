"""What a store, a lock, a guard and a fleet are. One screen; everything else is a variant.

A store, a lock and a guard are built in the harness and travel to the buyers, so they are
picklable, and open files and connections lazily in the process that uses them. Orders and
replies are made once a sale: a `Struct` takes a tenth of the time of a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol, runtime_checkable

from msgspec import Struct

SOLD_OUT = "sold-out"
TICKETS_MAX = 10**15  # beyond it a count no longer survives every JSON reader's float


class Order(Struct, frozen=True, gc=False):
    """One attempt of one buyer to buy `quantity` tickets: all of them or none."""

    buyer: int
    quantity: int = 1


class Reply(Struct, frozen=True, gc=False):
    """How an order ended.

    `ok`: sold; `ticket` is the highest of the numbers sold, the count that was left before.
    `fail`: it certainly did not happen; `error` says why. `info`: nobody knows.
    """

    type: Literal["ok", "fail", "info"]
    ticket: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store shall live: what came behind the colon of its URL, and a scratch folder."""

    location: str
    scratch: Path
    durable: bool = False
    patience_s: float = 10.0  # how long a busy server is waited for; 0: it is asked once


class Store(Protocol):
    """Where the count of tickets lives. Constructed with a `Place`, or with nothing."""

    def reset(self, tickets: int) -> None:
        """Make the inventory hold `tickets`, creating it where it is missing."""

    def read(self) -> int:
        """Give the count; raise `InventoryError` where there is none to be had."""

    def write(self, remaining: int) -> None:
        """Replace the count."""

    def close(self) -> None:
        """Let go of what this process holds; calling it twice is fine."""


class Lock(Protocol):
    """Mutual exclusion between processes. Constructed with the path of its sidecar file."""

    crash_safe: ClassVar[bool]  # comes back when its holder dies
    cross_host: ClassVar[bool]  # works between machines that share a file system
    fair: ClassVar[bool]  # whoever waits longest goes next
    reentrant: ClassVar[bool]  # its holder may take it again

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock within `timeout_s` seconds (0: only if it is free), or say False."""

    def release(self) -> None:
        """Give it back."""


class Guard(Protocol):
    """How one order is carried out. Constructed with a `Kit`, or with nothing."""

    needs: ClassVar[type]  # the capability a store must have: `Store`, or one below

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out one order."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What a guard may use: the lock that was chosen, if any, and how long to wait.

    `acquire_timeout_s` is for a lock, longer than it takes to see that a sale hangs;
    `answer_timeout_s` is for an answer, shorter than that.
    """

    lock: Lock | None
    acquire_timeout_s: float
    answer_timeout_s: float = 5.0


@runtime_checkable
class Staffed(Protocol):
    """A guard whose orders are carried out by a process of its own, the clerk.

    Whoever runs the sale opens the counter, runs `serve` in a process, again in a new one when
    that dies, and dismisses it behind the last buyer. `holds`, where a guard has it, names the
    lock that is put into its `Kit` when the user named none: the clerk holds it while it serves.
    """

    def open(self, folder: Path, buyers: int) -> None:
        """Make the mailboxes in `folder`, before any process starts."""

    def serve(self, store: Store, ready: Callable[[], object]) -> None:
        """Be the clerk until dismissed; call `ready` when on duty; refuse to be the second one."""

    def dismiss(self) -> None:
        """Tell the clerk that no more orders will come."""

    def close(self) -> None:
        """Let go of what this process holds of the mailboxes."""


@runtime_checkable
class AtomicStore(Protocol):
    """A store that can take tickets in one indivisible effect."""

    def take(self, quantity: int) -> int | None:
        """Take `quantity` tickets and give the count before, or None where too few are left."""


@runtime_checkable
class VersionedStore(Protocol):
    """A store that writes only over what was read."""

    def read_versioned(self) -> tuple[int, int]:
        """Give the count, and the version that it has."""

    def compare_and_set(self, version: int, remaining: int) -> bool:
        """Replace the count if it still has that version; say whether it had."""


@runtime_checkable
class CountingStore(Protocol):
    """A store that adds to its count in one indivisible effect, and asks no questions."""

    def add(self, delta: int) -> int:
        """Add to the count and give what it is then: below 0, if that is what comes of it."""


@runtime_checkable
class ConstrainedStore(Protocol):
    """A store that refuses a count below 0, whoever writes it."""

    def take_constrained(self, quantity: int) -> int | None:
        """Take `quantity` unasked; give the count before, or None where it was refused."""


@runtime_checkable
class RowLockingStore(Protocol):
    """A store that can keep others from the count between reading and writing it.

    What `write` stores in between is seen by nobody before `commit`.
    """

    def read_locked(self) -> int | None:
        """Lock the count and give it; None where patience ended before others were done."""

    def commit(self) -> None:
        """Make what was written everybody's, and give back the lock."""

    def rollback(self) -> None:
        """Undo what was written, and give back the lock."""


@runtime_checkable
class AdvisoryStore(Protocol):
    """A store with a lock of its own that locks nothing but itself."""

    def lock_advisory(self) -> bool:
        """Take the lock, or say False where patience ended before others were done."""

    def unlock_advisory(self) -> None:
        """Give it back."""


@runtime_checkable
class SerializableStore(Protocol):
    """A store whose transactions end as if one ran after the other, or raise `ConflictError`."""

    def read_serializable(self) -> int:
        """Begin a transaction and give the count in it; `write` belongs to it, too."""

    def commit(self) -> None:
        """Make what was written everybody's, or raise `ConflictError`."""

    def rollback(self) -> None:
        """Undo what was written."""


@runtime_checkable
class TicketPool(Protocol):
    """A store with one row or token for each ticket, of which anybody takes any."""

    def open_pool(self) -> None:
        """Make a token of each ticket that is left."""

    def claim(self, buyer: int, quantity: int) -> int | None:
        """Take `quantity` tokens; give the highest seat, or None where too few are left."""


@runtime_checkable
class ShardedStore(Protocol):
    """A store that can keep several counters for one inventory."""

    def split(self, shards: int) -> None:
        """Spread what is left over so many counters."""

    def take_from(self, shard: int, quantity: int) -> int | None:
        """Take from one counter; give what it had before, or None where that is too little."""

    def take_across(self, quantity: int) -> bool:
        """Take from all counters together; say whether there was enough."""


@runtime_checkable
class LeaseStore(Protocol):
    """A store that lends the right to write for a while; whoever is late, loses it."""

    def take_lease(self, owner: int, lease_s: float) -> int | None:
        """Borrow it if nobody has it; give a token, higher than any before, or None."""

    def write_fenced(self, remaining: int, token: int) -> bool:
        """Replace the count unless a higher token was given out; say whether it was."""

    def give_back(self, token: int) -> None:
        """End the lease early, if it is still this one."""


@runtime_checkable
class Snapshot(Protocol):
    """A store that can show the explorer all that its buyers share: states that are equal merge."""

    def snapshot(self) -> Hashable:
        """Give the shared content, all of it, without announcing a step."""
