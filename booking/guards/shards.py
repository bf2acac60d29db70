"""`shards`: several counters instead of one, so that not everybody meets at the same."""

from __future__ import annotations

from typing import ClassVar, cast

from booking.core.protocols import SOLD_OUT, Order, Reply, ShardedStore, Store
from booking.core.steps import network

SHARDS = 4


class ShardsGuard:
    """for each counter, mine first: n = n − q if n ≥ q; sold out only when all have refused.

    Needs several counters. Costs one round trip while there is plenty, one for each counter at
    the end, and searches that add up. An order of several tickets for which no counter alone
    has enough takes from all together: otherwise tickets would be left.
    """

    needs = ShardedStore
    sound = True
    crash_safe = True  # nothing is held between statements
    numbers: ClassVar[str] = "none"  # a counter knows nothing of the whole

    def arrange(self, store: Store) -> None:
        """Spread the tickets."""
        cast("ShardedStore", store).split(SHARDS)

    def sell(self, store: Store, order: Order) -> Reply:
        """Take from the first counter that has enough."""
        sharded = cast("ShardedStore", store)
        network()
        for offset in range(SHARDS):
            if sharded.take_from((order.buyer + offset) % SHARDS, order.quantity) is not None:
                return Reply("ok")
        # Counters only fall: each was too low, and is so now.
        if order.quantity > 1 and sharded.take_across(order.quantity):
            return Reply("ok")
        return Reply("fail", error=SOLD_OUT)
