"""Base of every store whose count a database holds: one connection for each process."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from booking.core.base_classes import BaseStore
from booking.core.per_process import PerProcess
from booking.core.steps import saw, step
from booking.errors import InventoryError

POOL_MAX = 100_000  # a row or token for each ticket: more is another kind of sale

T = TypeVar("T")


class DatabaseStore(PerProcess[T], BaseStore):
    """A count behind a connection; a subclass opens the connection in `open_own`."""

    resource: str

    def read(self) -> int:
        """Return the count, in whichever rows or keys the tickets are."""
        step("read", self.resource)
        count = self._count()
        saw(count)
        return count

    def _count(self) -> int:
        """Return the count without announcing a step."""
        raise NotImplementedError

    def _url(self) -> str:
        """Return the store's URL as the command line writes it."""
        raise NotImplementedError

    def _missing(self) -> InventoryError:
        return InventoryError(
            f"{self._url()}: holds no tickets; put some in with: "
            f"booking reset --store {self._url()} --tickets 3"
        )


def not_durable(url: str, setting: str) -> InventoryError:
    """Return the error for a server that answers before the disk has what was sold."""
    return InventoryError(
        f"{url}: --durable, and the server does not wait for its disk ({setting}); "
        "change that there, or leave out --durable"
    )


def sendable(path: Path) -> str:
    """Return a path as a text that a server takes: a path may have bytes that are no text."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def ensure_pool_fits(count: int) -> None:
    """Raise `InventoryError` where a pool would have too many rows or tokens."""
    if count > POOL_MAX:
        raise InventoryError(
            f"guard pool makes a row or token of each ticket: {count} are more than {POOL_MAX}; "
            "give fewer tickets, or --guard shards"
        )


def shares(count: int, shards: int) -> list[int]:
    """Return how many of `count` tickets each shard gets."""
    return [count // shards + (shard < count % shards) for shard in range(shards)]
