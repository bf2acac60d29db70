"""Bugs on purpose: what the checks must catch, or the checks are worth nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from booking.core.protocols import Kit, Order, Place, Reply, Store
from booking.core.steps import saw, step
from booking.errors import UsageError
from booking.guards.clerk import ORDER, ClerkGuard
from booking.guards.common.read_check_write import read_check_write
from booking.processes.buyer import Buyer
from booking.stores.json_replaced import JsonStore


class NoLock:
    """A lock that says yes to every buyer."""

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
        from booking.core.steps import network

        network()
        if remaining < order.quantity:
            return Reply("fail", error="sold-out")
        store.write(remaining - order.quantity)
        return Reply("ok", ticket=remaining)


class PhantomGuard:
    """A guard that says sold out while there are tickets."""

    needs = Store

    def sell(self, store: Store, order: Order) -> Reply:
        return Reply("fail", error="sold-out") if order.buyer else read_check_write(store, order)


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
    """A buyer who leaves a process behind that no buyer waits for."""
    buyer.buy()
    if os.fork() == 0:
        time.sleep(600)


def talk(buyer: Buyer) -> None:
    """A buyer who prints."""
    print("a buyer talks")
    buyer.buy()


def nothing(buyer: Buyer) -> None:
    """A buyer who came and bought nothing."""


def vanish(buyer: Buyer) -> None:
    """A buyer who ends with exit code 0, and without a word."""
    buyer.search()
    os._exit(0)


def dawdle(buyer: Buyer) -> None:
    """A buyer who takes longer than the sale waits, in the middle of nothing."""
    time.sleep(60)
    buyer.buy()


def buy_then_crash(buyer: Buyer) -> None:
    """A buyer with a mistake behind its purchase."""
    buyer.buy()
    raise ValueError("a mistake")


def close_everything(buyer: Buyer) -> None:
    """A buyer who closes what ties it to the harness, and stays."""
    buyer.buy()
    os.closerange(3, 200)
    time.sleep(600)


def new_session(buyer: Buyer) -> None:
    """A buyer who leaves a process of a session of its own behind."""
    buyer.buy()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)


def interrupt(buyer: Buyer) -> None:
    """A buyer who raises what is no Exception."""
    raise KeyboardInterrupt


def ignore_sigterm(buyer: Buyer) -> None:
    """A buyer who will not end when asked to."""
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    buyer.buy()
    time.sleep(600)


class NoReset:
    """A store that lacks a method."""

    def read(self) -> int:
        return 3


class FailsToBuild:
    """A store that cannot be built."""

    def __init__(self) -> None:
        raise ValueError("no connection")


class FailsToRead(JsonStore):
    """A store that raises what it likes."""

    def reset(self, tickets: int) -> None:
        raise RuntimeError("no table")


class HastyClerk(ClerkGuard):
    """A clerk who says "sold" and writes afterwards: who dies in between sells twice."""

    def carry_out(self, store: Store, orders: list[tuple[Any, ...]]) -> None:
        remaining = store.read()
        for order in orders:
            self.answer([order], [max(0, remaining)])
            remaining -= 1
        store.write(max(0, remaining))


class ForgetfulClerk(ClerkGuard):
    """A clerk who loses an order: its buyer is never answered."""

    def carry_out(self, store: Store, orders: list[tuple[Any, ...]]) -> None:
        super().carry_out(store, [order for order in orders if order[0] != 1])


class FullQueue(ClerkGuard):
    """A queue in which all places but one are taken when the sale begins."""

    def open(self, folder: Path, buyers: int) -> None:
        super().open(folder, buyers)
        assert self._orders is not None
        fd = self._orders.fileno()
        places = self._orders.shrink() // ORDER.size
        for _ in range(places - 1):
            os.write(fd, ORDER.pack(10**6, 10**9, 1))  # from no buyer, for more than there is


class Impatient(FullQueue):
    """A guard that turns buyers away when the queue is full, though the clerk is at work."""

    def _send_later(self, message: bytes) -> bool:
        return False


class NoClerk(ClerkGuard):
    """A clerk with a mistake in its code; so have all its successors."""

    def serve(self, store: Store, ready: Callable[[], object]) -> None:
        ready()
        raise ValueError("a mistake")


class Impolite:
    """A guard that is safe and turns every other buyer away: lost sales, and no oversell."""

    needs = Store

    def sell(self, store: Store, order: Order) -> Reply:
        if order.buyer % 2:
            return Reply("fail", error="busy")
        return Reply("ok", ticket=1) if order.buyer else read_check_write(store, order)


class SecondClerkFails(ClerkGuard):
    """A clerk whose successors have a mistake in their code."""

    def serve(self, store: Store, ready: Callable[[], object]) -> None:
        assert self._folder is not None
        marker = self._folder / "served"
        if marker.exists():
            raise ValueError("a mistake")
        marker.touch()
        super().serve(store, ready)


class Rude:
    """A guard whose buyers die of their first order."""

    needs = Store

    def sell(self, store: Store, order: Order) -> Reply:
        raise RuntimeError("no manners")


class RefusesItsKit:
    """A guard that refuses whatever kit it is given."""

    needs = Store
    sound = True

    def __init__(self, kit: Kit) -> None:
        raise UsageError("there is no such room")

    def sell(self, store: Store, order: Order) -> Reply:
        raise NotImplementedError
