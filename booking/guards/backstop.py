"""`backstop`: the database refuses a count below 0, whatever the program believes."""

from __future__ import annotations

from typing import cast

from booking.core.protocols import SOLD_OUT, ConstrainedStore, Order, Reply, Store
from booking.core.steps import network


class BackstopGuard:
    """n = n − q under CHECK (n ≥ 0): the constraint's refusal is the sold-out.

    Needs constraints, and that everybody subtracts: `SET n = 2` would satisfy it, and oversell.
    Costs one round trip, like `atomic`; a refusal is an error in the database's log.
    """

    needs = ConstrainedStore
    sound = True
    crash_safe = True  # nothing is held between statements

    def sell(self, store: Store, order: Order) -> Reply:
        """Take without asking, and be refused where there are too few."""
        network()
        before = cast("ConstrainedStore", store).take_constrained(order.quantity)
        return Reply("fail", error=SOLD_OUT) if before is None else Reply("ok", before)
