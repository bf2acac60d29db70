"""`backstop`: the database refuses a count below 0, whatever the program believes."""

from __future__ import annotations

from typing import cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import ConstrainedStore
from booking.core.protocols import Order, Reply, Store
from booking.core.steps import network
from booking.guards.common.replies import sold_or_refused


class BackstopGuard(BaseGuard):
    """n = n − q under CHECK (n ≥ 0): the constraint's refusal is the sold-out.

    Needs constraints, and every writer to subtract: `SET n = 2` would satisfy the constraint, and
    oversell. Costs one round trip, like `atomic`; a refusal is an error in the database's log.
    """

    needs = ConstrainedStore
    sound = True
    crash_safe = True  # nothing is held between statements

    def sell(self, store: Store, order: Order) -> Reply:
        """Take the tickets unchecked; the constraint refuses what would be too many."""
        network()
        return sold_or_refused(cast("ConstrainedStore", store).take_constrained(order.quantity))
