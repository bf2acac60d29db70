"""Bugs on purpose: what the checks must catch, or the checks are worth nothing."""

from __future__ import annotations

import os
from pathlib import Path

from booking.contracts import Kit, Order, Place, Reply, Store
from booking.fleet.buyer import Buyer
from booking.purchase import purchase
from booking.steps import saw, step
from booking.stores.json_replaced import JsonStore


class NoLock:
    """A lock that says yes to everybody."""

    crash_safe, cross_host, fair, reentrant = True, False, False, False

    def __init__(self, path: Path) -> None:
        pass

    def acquire(self, timeout_s: float) -> bool:
        step("acquire", "nothing")
        saw(1)
        return True

    def release(self) -> None:
        step("release", "nothing")


class EarlyRelease:
    """A guard that lets go of its lock before it writes."""

    needs = Store

    def __init__(self, kit: Kit) -> None:
        self.kit = kit

    def sell(self, store: Store, order: Order) -> Reply:
        lock = self.kit.lock
        assert lock is not None
        lock.acquire(self.kit.acquire_timeout_s)
        remaining = store.read()
        lock.release()
        from booking.steps import network

        network()
        if remaining < order.quantity:
            return Reply("fail", error="sold-out")
        store.write(remaining - order.quantity)
        return Reply("ok", ticket=remaining)


class PhantomGuard:
    """A guard that says sold out while there are tickets."""

    needs = Store

    def sell(self, store: Store, order: Order) -> Reply:
        return Reply("fail", error="sold-out") if order.buyer else purchase(store, order)


class DropsTickets(JsonStore):
    """A store that loses a ticket with each one it sells."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)

    def write(self, remaining: int) -> None:
        super().write(max(0, remaining - 1))


def crash(buyer: Buyer) -> None:
    """A buyer's function with a mistake in it."""
    buyer.search()
    raise ValueError("a mistake")


def fork_and_leave(buyer: Buyer) -> None:
    """A buyer who leaves a process behind that nobody waits for."""
    buyer.buy()
    if os.fork() == 0:
        import time

        time.sleep(600)


def talk(buyer: Buyer) -> None:
    """A buyer who prints."""
    print("a buyer talks")
    buyer.buy()
