"""Guards whose orders never end, each in another way."""

from __future__ import annotations

from booking.core.protocols import Order, Reply, Store
from booking.guards.lock import LockGuard


class Steps(LockGuard):
    """Goes on from step to step."""

    def sell(self, store: Store, order: Order) -> Reply:
        while True:
            store.read()


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
