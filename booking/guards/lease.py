"""`lease`, `lease-fenced`: a lock that ends by itself, so that a dead holder hurts nobody."""

from __future__ import annotations

import time
from functools import partial
from typing import ClassVar, cast

from booking.core.protocols import SOLD_OUT, Kit, LeaseStore, Order, Reply, Store
from booking.core.steps import network
from booking.errors import UnavailableError, UncertainError
from booking.guards.common.release import held
from booking.guards.common.retry import GAVE_UP, attempts

LEASE_S = 1.0
POLL_S = 0.005


class LeaseGuard:
    """SET key token NX PX 1000; read, check, write; give back. Unsound: a holder may be late.

    Needs a key that expires. Costs three round trips more, and waiting by asking. Whoever is
    paused for longer than the lease writes although somebody else holds it by now: an oversell.
    """

    needs = LeaseStore
    sound: ClassVar[bool] = False
    by_the_clock: ClassVar[bool] = True  # so that orders of steps are not all there is
    fenced: ClassVar[bool] = False

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out the purchase under a lease."""
        leasing = cast("LeaseStore", store)
        for _ in attempts(self._kit):
            token = self._borrow(leasing, order.buyer)
            if token is None:
                return Reply("fail", error="lock-timeout")
            with held(store, partial(leasing.give_back, token)):
                reply = self._purchase(store, order, token)
            if reply is not None:
                return reply
        return Reply("fail", error=GAVE_UP)

    def _purchase(self, store: Store, order: Order, token: int) -> Reply | None:
        """Read, check, write; None: the write came too late, and was refused."""
        remaining = store.read()
        network()
        if remaining < order.quantity:
            return Reply("fail", error=SOLD_OUT)
        if not self.fenced:
            store.write(remaining - order.quantity)
        elif not cast("LeaseStore", store).write_fenced(remaining - order.quantity, token):
            return None
        return Reply("ok", remaining)

    def _borrow(self, leasing: LeaseStore, buyer: int) -> int | None:
        deadline_s = time.monotonic() + self._kit.acquire_timeout_s
        while True:
            try:
                token = leasing.take_lease(buyer, LEASE_S)
            except UncertainError as error:  # perhaps it was lent, but surely nothing was sold
                raise UnavailableError(str(error)) from None
            if token is not None or time.monotonic() >= deadline_s:
                return token
            time.sleep(POLL_S)


class FencedLeaseGuard(LeaseGuard):
    """SET key token NX PX 1000; read, check, write if no higher token was given; give back.

    Needs a key that expires, and a store that knows the tokens. Costs what `lease` costs; whoever
    is late is refused, and starts again.
    """

    fenced = True
    sound = True
