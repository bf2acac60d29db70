"""Bring an inventory into the shape that a guard sells from, before anybody buys."""

from __future__ import annotations

from booking.core.protocols import Arranging, Connecting, Gathering, Guard, Store


def arrange(store: Store, guard: Guard) -> None:
    """Let a guard arrange the store as it needs it; for any other, all is in one counter."""
    if isinstance(guard, Arranging):
        guard.arrange(store)
    elif isinstance(store, Gathering):
        store.gather()


def hand_over(store: Store) -> None:
    """Let go of connections before processes are forked: nobody may use an inherited one."""
    if isinstance(store, Connecting):
        store.close()
