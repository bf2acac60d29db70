"""`shards`: several counters instead of one, so that not all buyers collide on the same."""

from __future__ import annotations

from typing import ClassVar, cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import ShardedStore
from booking.core.protocols import Order, Reply, Store
from booking.core.steps import network
from booking.guards.common.replies import NO_TICKETS

SHARDS = 4


class ShardsGuard(BaseGuard):
    """for each counter, mine first: n = n − q if n ≥ q; sold out only when all have refused.

    Needs several counters. Costs one round trip while there is plenty, one for each counter at
    the end, and searches that add up. An order of several tickets takes from all counters together
    where no single one has enough: otherwise tickets would be left.
    """

    needs = ShardedStore
    sound = True
    crash_safe = True  # nothing is held between statements
    numbers: ClassVar[str] = "none"  # one counter does not know the whole count

    def arrange(self, store: Store) -> None:
        """Spread the tickets over the counters."""
        cast("ShardedStore", store).split(SHARDS)

    def sell(self, store: Store, order: Order) -> Reply:
        """Take from the first counter that has enough."""
        sharded = cast("ShardedStore", store)
        network()
        for offset in range(SHARDS):
            if sharded.take_from((order.buyer + offset) % SHARDS, order.quantity) is not None:
                return Reply("ok")
        # Counters only fall: each was too low, and still is.
        if order.quantity > 1 and sharded.take_across(order.quantity):
            return Reply("ok")
        return NO_TICKETS
