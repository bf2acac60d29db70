"""`advisory`: the purchase inside a lock that the database keeps."""

from __future__ import annotations

from typing import cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import AdvisoryStore
from booking.core.protocols import Order, Reply, Store
from booking.guards.common.read_check_write import read_check_write
from booking.guards.common.release import releasing
from booking.guards.common.replies import NO_LOCK


class AdvisoryGuard(BaseGuard):
    """pg_advisory_lock(sale); read, check, write; pg_advisory_unlock(sale).

    Needs advisory locks, and every writer to take them: the row itself stays open to a writer
    that does not. Costs what a lock costs, and two round trips more. It works between machines; a
    holder that dies releases the lock with its connection.
    """

    needs = AdvisoryStore
    sound = True
    crash_safe = True  # the lock ends with its holder's connection

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out the purchase while no other buyer with this guard can."""
        advisory = cast("AdvisoryStore", store)
        if not advisory.lock_advisory():
            return NO_LOCK
        with releasing(store, advisory.unlock_advisory):
            return read_check_write(store, order)
