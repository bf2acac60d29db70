"""Race tests with Hypothesis, for a user's own stores, locks and guards.

::

    from hypothesis import given
    from booking.testing import assert_sound, schedules

    @given(schedules(buyers=3))
    def test_shop_never_oversells(schedule):
        assert_sound("shop:ShopStore", schedule, tickets=2, lock="flock")

Hypothesis makes up the order in which buyers take their steps. So a failing test is
deterministic, and shrinks to the shortest order that fails.
"""

from __future__ import annotations

from booking.testing.scheduled_sale import ScheduledSale, assert_sound, sell
from booking.testing.stateful import RaceMachine, StoreMachine
from booking.testing.strategies import schedules

__all__ = ["RaceMachine", "ScheduledSale", "StoreMachine", "assert_sound", "schedules", "sell"]
