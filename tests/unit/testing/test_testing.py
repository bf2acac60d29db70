"""`booking.testing`: race tests of one's own store in a few lines, which shrink."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis.stateful import run_state_machine_as_test

from booking.core.registry import BUILT_IN
from booking.core.verdict import Outcome
from booking.testing import RaceMachine, StoreMachine, assert_sound, schedules, sell
from booking.testing.strategies import Schedule
from tests.support import shops
from tests.support.explorations import shop

QUICK = settings(deadline=None, database=None, max_examples=40, stateful_step_count=12)
PLANTED = settings(QUICK, derandomize=True, report_multiple_bugs=False)


@QUICK
@given(schedules(buyers=3))
def test_a_guarded_store_survives_every_schedule(schedule):
    """What a user writes: three lines."""
    assert_sound(shops.Shop, schedule, tickets=2, lock="flock")


def test_a_race_is_found_and_shrinks_to_the_shortest_schedule():
    """Without the lock one choice is enough: buyer 1 reads first, then all is in order."""
    found: list[Schedule] = []

    @settings(PLANTED, max_examples=100)
    @given(schedules(buyers=3))
    def race(schedule):
        found.append(schedule)
        assert_sound("json", schedule, tickets=2)

    with pytest.raises(AssertionError, match=r"buyer 1: replace data\.json 1") as error:
        race()
    assert found[-1].choices == (1,)
    assert "invalid: " in str(error.value)


def test_no_choice_at_all_is_the_serial_sale():
    """That is what schedules shrink towards."""
    rehearsal = sell("json", Schedule(3), tickets=2)
    assert rehearsal.verdict.outcome is Outcome.VALID
    assert [one.process for one in rehearsal.history.steps()] == [0, 0, 1, 1, 2]


def test_a_forgotten_step_fails_the_test():
    """Unknown is no pass."""
    with pytest.raises(AssertionError, match=r"SilentShop\.write"):
        assert_sound(shops.SilentShop, Schedule(2), tickets=1, lock="flock")


@pytest.mark.parametrize("name", [*BUILT_IN["store"], shop("Shop")])
@pytest.mark.parametrize("lock", [None, "flock", "filelock"])
def test_search_buy_reset_on_every_store(name, lock):
    """One person alone, in any order of commands: the store holds what the model holds."""

    class Machine(StoreMachine):
        store = name

    Machine.lock = lock
    run_state_machine_as_test(Machine, settings=QUICK)


def test_the_store_machine_notices_a_store_that_miscounts():
    """Planted: a reset that forgets."""

    class Forgetful(StoreMachine):
        store = shop("Forgetful")

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Forgetful, settings=settings(PLANTED, phases=[Phase.generate]))


def test_the_race_machine_finds_a_race_and_passes_a_lock():
    """Each rule lets somebody take a step; the invariant is that nothing is broken for good."""

    class Guarded(RaceMachine):
        store = "memory-shared"
        lock = "flock"

    class Bare(RaceMachine):
        store = "memory-shared"

    run_state_machine_as_test(Guarded, settings=QUICK)
    with pytest.raises(AssertionError, match="ticket 2"):
        run_state_machine_as_test(Bare, settings=PLANTED)
