"""`lease`, `lease-fenced`: a lock that expires, so that a dead holder blocks no other buyer."""

from __future__ import annotations

import time
from functools import partial
from typing import ClassVar, cast

from booking.core.base_classes import BaseGuard
from booking.core.capabilities import LeaseStore
from booking.core.protocols import Kit, Order, Reply, Store
from booking.core.steps import network
from booking.errors import UnavailableError, UncertainError
from booking.guards.common.release import releasing
from booking.guards.common.replies import NO_LOCK, NO_TICKETS, TOO_MANY_CONFLICTS
from booking.guards.common.retry import attempts

LEASE_S = 1.0
POLL_S = 0.005


class LeaseGuard(BaseGuard):
    """SET key token NX PX 1000; read, check, write; give back. Unsound: a holder may be late.

    Needs a key that expires. Costs three round trips more, and waiting by polling. A holder that is
    paused for longer than the lease writes although another buyer holds it by then: an oversell.
    """

    needs = LeaseStore
    sound: ClassVar[bool] = False
    by_the_clock: ClassVar[bool] = True  # the order of steps does not decide everything
    fenced: ClassVar[bool] = False

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out the purchase under a lease."""
        leasing = cast("LeaseStore", store)
        for _ in attempts(self._kit):
            token = self._acquire(leasing, order.buyer)
            if token is None:
                return NO_LOCK
            with releasing(store, partial(leasing.give_back, token)):
                reply = self._purchase(store, order, token)
            if reply is not None:
                return reply
        return TOO_MANY_CONFLICTS

    def _purchase(self, store: Store, order: Order, token: int) -> Reply | None:
        """Read, check, write; return None where the write came too late and was refused."""
        remaining = store.read()
        network()
        if remaining < order.quantity:
            return NO_TICKETS
        if not self.fenced:
            store.write(remaining - order.quantity)
        elif not cast("LeaseStore", store).write_fenced(remaining - order.quantity, token):
            return None
        return Reply("ok", remaining)

    def _acquire(self, leasing: LeaseStore, buyer: int) -> int | None:
        deadline_s = time.monotonic() + self._kit.acquire_timeout_s
        while True:
            try:
                token = leasing.take_lease(buyer, LEASE_S)
            except UncertainError as error:  # perhaps it was leased; certainly nothing was sold
                raise UnavailableError(str(error)) from None
            if token is not None or time.monotonic() >= deadline_s:
                return token
            time.sleep(POLL_S)


class FencedLeaseGuard(LeaseGuard):
    """SET key token NX PX 1000; read, check, write if no higher token was given; give back.

    Needs a key that expires, and a store that knows the tokens. Costs what `lease` costs; a late
    holder is refused, and starts again.
    """

    fenced = True
    sound = True
