"""A cache of idle connections, for explorations only.

An exploration sells thousands of times, with a connection for each buyer: opening them was most of
its time. Inside `caching_connections()` a store that closes hands its connection to the cache,
clean, and a store that opens asks the cache first. Outside nothing is cached: a real buyer's
connection is its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from booking.core.per_process import PerProcess


class _ConnectionCache(PerProcess[dict[Hashable, list[Any]]]):
    """The idle connections of one process, by kind; a forked child never touches them."""

    def open_own(self) -> dict[Hashable, list[Any]]:
        return {}

    def close_own(self, own: dict[Hashable, list[Any]]) -> None:
        for connection in (idle for kind in own.values() for idle in kind):
            with suppress(Exception):  # the driver's own errors: its server is gone
                connection.close()


_cache = _ConnectionCache()


@contextmanager
def caching_connections() -> Iterator[None]:
    """Cache connections inside the block; close the idle ones behind the outermost block."""
    outermost = not _cache.owns()
    _cache.own()
    try:
        yield
    finally:
        if outermost:
            _cache.release_own()


def cache_connection(kind: Hashable, connection: object) -> bool:
    """Add a clean connection to the cache; return False outside, where the caller closes it."""
    if not _cache.owns():
        return False
    _cache.own().setdefault(kind, []).append(connection)
    return True


def cached_connection(kind: Hashable) -> Any | None:
    """Remove an idle connection of a kind from the cache and return it; None if there is none."""
    idle = _cache.own().get(kind) if _cache.owns() else None
    return idle.pop() if idle else None
