"""The tutorial's purchase: read the count, wait for the network, check, write.

On its own it is a race; guards wrap it, or replace it.
"""

from __future__ import annotations

from booking.core.protocols import Order, Reply, Store
from booking.core.steps import network
from booking.guards.common.replies import NO_TICKETS


def read_check_write(store: Store, order: Order) -> Reply:
    """Carry out `order` as the tutorial does; sound only while no other buyer comes in between."""
    remaining = store.read()
    network()
    if remaining < order.quantity:
        return NO_TICKETS
    store.write(remaining - order.quantity)
    return Reply("ok", ticket=remaining)
