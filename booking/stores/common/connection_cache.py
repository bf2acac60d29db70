"""Connections that nobody uses just now, kept for whoever would open the same next.

An exploration sells thousands of times, with a connection for each buyer: opening them was most of
its time. Inside `keeping()` a store that closes may hand its connection in here, clean, and a store
that opens asks here first. Anywhere else nothing is kept: a real buyer's connection is his own.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


class _ConnectionCache:
    """The kept connections of one process; a forked child must not touch what it inherited."""

    def __init__(self) -> None:
        self.owner_pid = 0  # nobody keeps any
        self.kinds: dict[Hashable, list[Any]] = {}

    def clear(self) -> None:
        """Close all of them."""
        for connection in (one for kind in self.kinds.values() for one in kind):
            with suppress(Exception):  # the driver's own errors: its server is gone
                connection.close()
        self.kinds.clear()


_shelf = _ConnectionCache()


@contextmanager
def keeping() -> Iterator[None]:
    """Keep connections for the block, and close those that are left behind it."""
    before, _shelf.owner_pid = _shelf.owner_pid, os.getpid()
    try:
        yield
    finally:
        _shelf.owner_pid = before
        if not before:
            _shelf.clear()


def keep(kind: Hashable, connection: object) -> bool:
    """Take in a connection that was made clean; False: nobody keeps any, so close it."""
    if _shelf.owner_pid != os.getpid():
        return False
    _shelf.kinds.setdefault(kind, []).append(connection)
    return True


def kept(kind: Hashable) -> Any | None:
    """Give a connection of that kind, if there is one."""
    if _shelf.owner_pid != os.getpid() or not _shelf.kinds.get(kind):
        return None
    return _shelf.kinds[kind].pop()
