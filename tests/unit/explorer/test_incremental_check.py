"""The incremental check finds, step by step, what the checker finds at the end."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from booking.checker import check
from booking.core.verdict import Outcome
from booking.schedulers.choices import ChoicesScheduler
from booking.testing import schedules, sell
from booking.testing.scheduled_sale import new_order, scenario_for


@settings(deadline=None, database=None, max_examples=60)
@given(
    schedule=schedules(buyers=3),
    store=st.sampled_from(["memory-shared", "json-inplace"]),
    lock=st.sampled_from([None, "flock"]),
    quantity=st.integers(1, 2),
    search=st.booleans(),
)
def test_what_is_certain_half_way_is_what_the_checker_finds(
    schedule, store, lock, quantity, search
):
    """Certain at a step means invalid at the end; without it the counts alone may still differ."""
    scenario = scenario_for(store, 3, quantity, None, lock, search=search)
    with new_order(scenario, schedule.buyers) as order:
        path = order.path
        path.run(ChoicesScheduler(schedule.choices))
        verdict = check(path.history())
    if path.certain is not None:
        assert verdict.outcome is Outcome.INVALID
        assert 0 < path.certain[1] <= len(path.schedule)
    if lock is not None and not search:
        assert verdict.outcome is Outcome.VALID


@settings(deadline=None, database=None, max_examples=30)
@given(schedules(buyers=3))
def test_the_same_schedule_gives_the_same_history(schedule):
    """Nothing in an execution depends on time or luck."""
    one, other = (sell("json", schedule, tickets=2) for _ in range(2))
    assert one.history.events == other.history.events
