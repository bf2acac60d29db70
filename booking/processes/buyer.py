"""A buyer: searches and buys, and has both recorded."""

from __future__ import annotations

from random import Random

from booking.core.order_execution import OperationRecorder, perform_order, perform_search
from booking.core.protocols import Guard, Order, Reply, Store


class Buyer:
    """The argument of every behaviour: searches and buys in the name of one buyer."""

    def __init__(
        self,
        number: int,
        store: Store,
        guard: Guard,
        recorder: OperationRecorder,
        random: Random,
        quantity: int = 1,
    ) -> None:
        self.number = number
        self.random = random
        self.quantity = quantity
        self._store = store
        self._guard = guard
        self._recorder = recorder

    def search(self) -> int | None:
        """Return how many tickets are left; None where the inventory could not be read."""
        count = perform_search(self._store, self._recorder).value
        return count if isinstance(count, int) else None

    def buy(self, quantity: int | None = None) -> Reply:
        """Order tickets and return the reply; an error of the store is a reply, too."""
        order = Order(self.number, self.quantity if quantity is None else quantity)
        return perform_order(self._store, self._guard, order, self._recorder).reply
