"""Guards whose orders never end, each in another way."""

from __future__ import annotations

import time

from booking.core.protocols import Order, Reply, Store
from booking.guards.lock import LockGuard


class Steps(LockGuard):
    """Goes on from step to step."""

    def sell(self, store: Store, order: Order) -> Reply:
        while True:
            store.read()


class StepsForTwo(LockGuard):
    """Goes on from step to step, in the orders of buyer 2; slowly where a delay is given."""

    pause_s = 0.0

    def sell(self, store: Store, order: Order) -> Reply:
        while order.buyer == 2:
            store.read()
            time.sleep(self.pause_s)
        return super().sell(store, order)


class SlowStepsForTwo(StepsForTwo):
    """The same, so slowly that its steps are never many."""

    pause_s = 0.01


class Spins(LockGuard):
    """Goes on without any step."""

    def sell(self, store: Store, order: Order) -> Reply:
        store.read()
        while True:
            pass


class Swallows(LockGuard):
    """The same, whatever is raised in it."""

    def sell(self, store: Store, order: Order) -> Reply:
        store.read()
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue


class SwallowsAtFirst(LockGuard):
    """The same, before its first step."""

    def sell(self, store: Store, order: Order) -> Reply:
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue
