"""Clerks: one answers before it writes, one forgets, one sells to all; one is sound."""

from __future__ import annotations

from typing import Any

from booking.core.protocols import Store
from booking.guards.clerk import ClerkGuard, tickets_for


class HastyClerk(ClerkGuard):
    """Answers, then writes: unsound when it dies in between."""

    def carry_out(self, store: Store, orders: list[tuple[Any, ...]]) -> None:
        remaining = store.read()
        for order in orders:
            self.answer([order], [max(0, remaining)])
            remaining -= 1
        store.write(max(0, remaining))


class ForgetfulClerk(ClerkGuard):
    """Loses the orders of buyer 1."""

    def carry_out(self, store: Store, orders: list[tuple[Any, ...]]) -> None:
        super().carry_out(store, [order for order in orders if order[0] != 1])


class YesClerk(ClerkGuard):
    """Sells ticket 1 to each buyer."""

    def carry_out(self, store: Store, orders: list[tuple[Any, ...]]) -> None:
        self.answer(orders, [1] * len(orders))


class BatchClerk(ClerkGuard):
    """Sells the same ticket to all orders of a batch."""

    def carry_out(self, store: Store, orders: list[tuple[Any, ...]]) -> None:
        tickets = tickets_for(store, orders)
        self.answer(orders, [tickets[0]] * len(orders))


class PlainClerk(ClerkGuard):
    """The clerk as it is, by another name."""
