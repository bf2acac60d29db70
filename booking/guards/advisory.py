"""`advisory`: the purchase inside a lock that the database keeps for us."""

from __future__ import annotations

from typing import cast

from booking.core.protocols import AdvisoryStore, Order, Reply, Store
from booking.guards.common.read_check_write import read_check_write
from booking.guards.common.release import held


class AdvisoryGuard:
    """pg_advisory_lock(sale); read, check, write; pg_advisory_unlock(sale).

    Needs such locks, and that everybody takes them: the row itself stays open to who does not.
    Costs what a lock costs, and two round trips more; works between machines, and a holder that
    dies gives it back with its connection.
    """

    needs = AdvisoryStore
    sound = True
    crash_safe = True  # the lock goes with its holder's connection

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out the purchase while nobody else who asks can."""
        advisory = cast("AdvisoryStore", store)
        if not advisory.lock_advisory():
            return Reply("fail", error="lock-timeout")
        with held(store, advisory.unlock_advisory):
            return read_check_write(store, order)
