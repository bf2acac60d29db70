"""Tests for a user's own stores, locks and guards: contracts for pytest, races for Hypothesis.

::

    from booking.testing import StoreContract, assert_sound, schedules
    from hypothesis import given

    class TestShop(StoreContract):
        store = "shop:ShopStore"

    @given(schedules(buyers=3))
    def test_shop_never_oversells(schedule):
        assert_sound("shop:ShopStore", schedule, tickets=2, lock="flock")

A contract states each fact that every store, lock or guard keeps to, as one test. In a race
test Hypothesis makes up the order in which buyers take their steps: a failing test is
deterministic, and shrinks to the shortest order that fails.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from booking.testing.scheduled_sale import ScheduledSale, assert_sound, sell
from booking.testing.stateful import RaceMachine, StoreMachine
from booking.testing.strategies import schedules

# Imported at their first use: they need pytest, and the names above do not.
_CONTRACTS = {
    "GuardContract": "booking.testing.contracts.guard",
    "LockContract": "booking.testing.contracts.lock",
    "StoreContract": "booking.testing.contracts.store",
}

__all__ = [
    "GuardContract", "LockContract", "RaceMachine", "ScheduledSale", "StoreContract",
    "StoreMachine", "assert_sound", "schedules", "sell",
]  # fmt: skip

if TYPE_CHECKING:
    from booking.testing.contracts.guard import GuardContract as GuardContract
    from booking.testing.contracts.lock import LockContract as LockContract
    from booking.testing.contracts.store import StoreContract as StoreContract


def __getattr__(name: str) -> Any:
    """Import a contract at its first use (PEP 562)."""
    if name not in _CONTRACTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_CONTRACTS[name]), name)
    return value
