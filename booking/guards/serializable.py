"""`serializable`: the plain purchase, in transactions that the database keeps apart."""

from __future__ import annotations

from typing import cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import SerializableStore
from booking.core.protocols import Kit, Order, Reply, Store
from booking.core.steps import network
from booking.errors import ConflictError
from booking.guards.common.replies import NO_TICKETS, TOO_MANY_CONFLICTS
from booking.guards.common.retry import attempts


class SerializableGuard(BaseGuard):
    """BEGIN SERIALIZABLE; read n; check; UPDATE n; COMMIT; if it failed to serialize, again.

    Needs such transactions. Costs a whole purchase for each collision, detected only at the end;
    after 50 attempts the order fails, though tickets may be left. Nothing else has to change.
    """

    needs = SerializableStore
    sound = True
    crash_safe = True  # the server undoes what was not committed

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def sell(self, store: Store, order: Order) -> Reply:
        """Try until no transaction conflicts, or too often one did."""
        for _ in attempts(self._kit):
            try:
                return _purchase(store, order)
            except ConflictError:
                cast("SerializableStore", store).rollback()
        return TOO_MANY_CONFLICTS


def _purchase(store: Store, order: Order) -> Reply:
    transaction = cast("SerializableStore", store)
    remaining = transaction.read_serializable()
    network()
    if remaining < order.quantity:
        transaction.commit()  # what was read is true only if the transaction succeeds
        return NO_TICKETS
    store.write(remaining - order.quantity)
    transaction.commit()
    return Reply("ok", remaining)
