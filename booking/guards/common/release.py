"""Release what a server lent for one order, however the order ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from booking.core.protocols import Store
from booking.errors import InventoryError


@contextmanager
def releasing(store: Store, release: Callable[[], None]) -> Iterator[None]:
    """Call `release` behind the block.

    Its failure never decides an order: what was sold is sold. Where it fails, the connection is
    closed: the server then releases the lock itself, or the lease runs out.
    """
    try:
        yield
    finally:
        try:
            release()
        except InventoryError:
            store.close()
