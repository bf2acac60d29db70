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
class Preparable(Protocol):
    """A store that can tell beforehand whether it could be sold from."""

    def prepare(self) -> None:
        """Raise `InventoryError` where it could not; change nothing."""


@runtime_checkable
class Lingering(Protocol):
    """A store whose writes leave behind what is slow to get rid of, and nobody must wait for."""

    def let_go(self) -> None:
        """Get rid of it; a guard calls this when it holds nobody up any more."""


@runtime_checkable
class Sweepable(Protocol):
    """A store whose killed processes may leave something behind."""

    def sweep(self) -> None:
        """Remove what dead processes left."""


@runtime_checkable
class Snapshot(Protocol):
    """A store that can show the explorer all that its buyers share: states that are equal merge."""

    def snapshot(self) -> Hashable:
        """Give the shared content, all of it, without announcing a step."""
