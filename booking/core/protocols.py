"""The contracts of a store, a lock and a guard: one screen, and every variant fulfils one.

All are built in the harness and travel to the buyers' processes. So they are picklable, and open
files and connections lazily, in the process that uses them. What some stores can do besides is
in `booking.core.capabilities`. Optional methods and their defaults are in
`booking.core.base_classes`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import ClassVar, Literal, Protocol, runtime_checkable

from msgspec import Struct

from booking.errors import UsageError

SOLD_OUT = "sold-out"
TICKETS_MAX = 10**15  # beyond it a count no longer survives every JSON reader's float


# A `Struct`, because each order makes one: a frozen dataclass takes ten times as long.
class Order(Struct, frozen=True, gc=False):
    """One attempt of one buyer to buy `quantity` tickets: all of them or none."""

    buyer: int
    quantity: int = 1


class Reply(Struct, frozen=True, gc=False):
    """How an order ended.

    `ok`: sold; `ticket` is the highest of the numbers sold, the count that was left before, or
    the text that identifies a seat; None where the guard tells none.
    `fail`: it certainly did not happen; `error` says why. `info`: it may have happened.
    """

    type: Literal["ok", "fail", "info"]
    ticket: int | str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store or a lock shall live: what came behind the colon of its URL, a scratch folder.

    For a lock the location is the path of its sidecar file. The place is one of the process that
    built it: ask it for a server in the constructor, and keep the URL.
    """

    location: str
    scratch: Path
    durable: bool = False
    patience_s: float = 10.0  # how long to wait for a busy server; 0: ask once
    pid: int = field(default_factory=os.getpid, repr=False, compare=False)

    def postgres(self, schema: str | Callable[[str], object] | None = None) -> str:
        """Return the URL of an empty database of its own, on a private server.

        `schema` is SQL, or a function that is called with a URL and prepares the database behind
        it. That happens once; each place gets a copy of what it made.
        """
        private = self._server("postgres", "postgres_databases:private_database")
        return private(self.scratch, schema, durable=self.durable)

    def redis(self) -> str:
        """Return the URL of an empty database of its own, on a private Valkey server."""
        private = self._server("redis", "valkey:private_database")
        return private(self.scratch, durable=self.durable)

    def _server(self, kind: str, function: str) -> Callable[..., str]:
        """Return what starts a server; only the harness may, because all buyers use one."""
        if self.pid != os.getpid():
            raise UsageError(
                f"place.{kind}() was called in a buyer's process, which would start a server of "
                "its own: call it in the constructor, and keep the URL"
            )
        module, _, name = function.partition(":")
        private: Callable[..., str] = getattr(import_module(f"booking.servers.{module}"), name)
        return private


@dataclass(frozen=True, slots=True)
class Kit:
    """What a guard may use: the lock that was chosen, if any, and how long to wait.

    `acquire_timeout_s` is for a lock, longer than it takes to see that a sale hangs;
    `answer_timeout_s` is for an answer, shorter than that.
    """

    lock: Lock | None
    acquire_timeout_s: float
    answer_timeout_s: float = 5.0


class Store(Protocol):
    """Where the count of tickets lives. Constructed with a `Place`, or with nothing."""

    def reset(self, tickets: int) -> None:
        """Make the inventory hold `tickets`, creating it where it is missing."""

    def read(self) -> int:
        """Return the count; raise `InventoryError` where there is none."""

    def write(self, remaining: int) -> None:
        """Replace the count. A store that only sells by `take` or `claim` may leave it out."""

    def close(self) -> None:
        """Release what this process holds; a second call does nothing."""


class Lock(Protocol):
    """Mutual exclusion between processes. Constructed with the path of its sidecar file."""

    crash_safe: ClassVar[bool]  # free again when its holder dies
    cross_host: ClassVar[bool]  # works between machines that share a file system
    fair: ClassVar[bool]  # the longest waiter goes next
    reentrant: ClassVar[bool]  # its holder may take it again
    threads: ClassVar[bool]  # other threads of its holder have to wait, too
    owned: ClassVar[bool]  # a release by another process does not free it

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock within `timeout_s` seconds (0: only if it is free), or return False."""

    def release(self) -> None:
        """Release the lock."""


class Guard(Protocol):
    """How one order is carried out. Constructed with a `Kit`, or with nothing."""

    needs: ClassVar[type]  # the capability a store must have: `Store`, or one of `capabilities`

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out one order."""


@runtime_checkable
class Staffed(Protocol):
    """A guard whose orders are carried out by a process of its own, the clerk.

    The harness calls `open`, starts a clerk and calls `serve` in its process. It starts a new
    clerk when one dies, and calls `dismiss` after the last buyer has ended. The fact `holds`
    names the lock that its `Kit` gets when the user names none; the clerk holds it while it
    serves.
    """

    def open(self, folder: Path, buyers: int) -> None:
        """Make the mailboxes in `folder`, before any process starts."""

    def serve(self, store: Store, ready: Callable[[], object]) -> None:
        """Carry out orders until dismissed; call `ready` first; raise if another clerk serves."""

    def dismiss(self) -> None:
        """Send the clerk the message that no more orders will come."""

    def close(self) -> None:
        """Release what this process holds of the mailboxes."""
