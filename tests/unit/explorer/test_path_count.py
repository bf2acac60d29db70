"""The numbers of the tutorial's sale, counted independently, are reproduced exactly."""

from __future__ import annotations

from math import factorial

import pytest

from booking.core.verdict import Outcome
from tests.support.explorations import explored

TABLE = [
    (2, 1, 7, 6, 4),
    (3, 1, 14, 66, 60),
    (4, 1, 25, 1_176, 1_152),
    (4, 3, 47, 2_520, 2_496),
    (10, 1, 231, 32_215_365_100_800, 32_215_361_472_000),
    (10, 3, 2_232, 1_995_037_726_752_000, 1_995_037_723_123_200),
]


@pytest.mark.sweep(
    usual=lambda store, buyers, tickets: store == "memory-shared" or (buyers, tickets) != (10, 3)
)
@pytest.mark.parametrize("store", ["json", "memory-shared"])
@pytest.mark.parametrize("buyers, tickets, states, interleavings, violating", TABLE)
def test_states_and_interleavings_are_those_of_the_table(
    store, buyers, tickets, states, interleavings, violating
):
    """States, interleavings, and those that oversell; each state was executed twice."""
    found = explored(buyers, tickets, store=store).exploration
    assert found.complete
    assert (found.states, found.interleavings, found.violating) == (
        states,
        interleavings,
        violating,
    )
    assert found.rechecked == states
    assert found.interleavings - found.violating == factorial(buyers)


@pytest.mark.parametrize("lock", ["flock", "filelock", "soft", "mutex"])
def test_ten_buyers_with_a_lock_leave_only_serial_orders(lock):
    """Who waits for a held lock can't go on: 34 states, 10! orders, all sound."""
    found = explored(10, 3, lock=lock).exploration
    assert (found.outcome, found.complete) == (Outcome.VALID, True)
    assert (found.states, found.interleavings, found.violating) == (34, factorial(10), 0)
