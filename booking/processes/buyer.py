"""A buyer: searches, buys, and has both written down."""

from __future__ import annotations

from random import Random

from booking.core.protocols import Guard, Order, Reply, Store
from booking.core.redaction import masked
from booking.errors import InventoryError, MalformedError, UnavailableError, UncertainError
from booking.recording.recorder import Recorder

TORN = "torn-read"
UNREADABLE = "unreadable"


class Buyer:
    """What a behaviour is given: somebody who can search and buy."""

    def __init__(
        self,
        number: int,
        store: Store,
        guard: Guard,
        recorder: Recorder,
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
        """Look how many tickets are left; None where the inventory was met half-written."""
        self._recorder.invoke("search")
        try:
            remaining = self._store.read()
        except InventoryError as error:
            self._recorder.complete("fail", "search", error=_named(error))
            return None
        self._recorder.complete("ok", "search", remaining)
        return remaining

    def buy(self, quantity: int | None = None) -> Reply:
        """Order tickets; whatever comes of it is written down."""
        quantity = quantity or self.quantity
        recorder = self._recorder
        recorder.invoke("buy", quantity)
        try:
            reply = self._guard.sell(self._store, Order(self.number, quantity))
        except MalformedError as error:
            # Only a read finds that out, and no guard reads after it wrote.
            reply = Reply("fail", error=_named(error))
        except UnavailableError as error:
            reply = Reply("fail", error=masked(f"unavailable: {error}"))
        except UncertainError as error:
            reply = Reply("info", error=masked(f"uncertain: {error}"))
        except Exception as error:
            self._recorder.complete(
                "info", "buy", None, quantity, masked(f"{type(error).__name__}: {error}")
            )
            raise
        recorder.complete(reply.type, "buy", reply.ticket, quantity, reply.error)
        return reply


def _named(error: InventoryError) -> str:
    return TORN if isinstance(error, MalformedError) else masked(f"{UNREADABLE}: {error}")
