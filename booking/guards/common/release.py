"""Holding something of a server's for one order, and giving it back whatever comes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from booking.core.protocols import Store
from booking.errors import InventoryError


@contextmanager
def held(store: Store, give_back: Callable[[], None]) -> Iterator[None]:
    """Give it back behind the block.

    How that goes never decides an order: what was sold is sold. Where it fails, the connection is
    closed, and the server takes back itself what was lent to it, or its lease runs out.
    """
    try:
        yield
    finally:
        try:
            give_back()
        except InventoryError:
            store.close()
