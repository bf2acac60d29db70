"""`none`: no guard at all, so that the race shows."""

from __future__ import annotations

from booking.core.base_classes import BaseGuard
from booking.core.protocols import Kit, Order, Reply, Store
from booking.errors import UsageError
from booking.guards.common.read_check_write import read_check_write


class NoGuard(BaseGuard):
    """read n; check n ≥ q; write n − q. Unsound: who reads in between sells the same ticket.

    Needs a store, and buyers who come one after another. Costs nothing but the network between
    reading and writing, in which every other buyer reads the same count.
    """

    sound = False

    def __init__(self, kit: Kit) -> None:
        if kit.lock is not None:
            raise UsageError("guard none takes no lock; use --lock=NAME alone, or --guard lock")

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out the purchase as it is."""
        return read_check_write(store, order)
