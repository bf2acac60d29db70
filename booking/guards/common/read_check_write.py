"""The tutorial's purchase: read the count, let the network take its time, check, write.

On its own it is a race; guards wrap it, or replace it.
"""

from __future__ import annotations

from booking.core.protocols import SOLD_OUT, Order, Reply, Store
from booking.core.steps import network


def read_check_write(store: Store, order: Order) -> Reply:
    """Carry out `order` as the tutorial does; sound only when nobody comes in between."""
    remaining = store.read()
    network()
    if remaining < order.quantity:
        return Reply("fail", error=SOLD_OUT)
    store.write(remaining - order.quantity)
    return Reply("ok", ticket=remaining)
