"""State machines of `booking.testing`: a store alone, and buyers who race."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from booking.core.registry import BUILT_IN
from booking.testing import RaceMachine, StoreMachine
from tests.support.explorations import shop

QUICK = settings(deadline=None, database=None, max_examples=40, stateful_step_count=12)
PLANTED = settings(QUICK, derandomize=True, report_multiple_bugs=False)


@pytest.mark.sweep(usual=lambda name, lock: lock is None or (name, lock) == ("json", "flock"))
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
    """Each rule lets a buyer take a step; the invariant is that nothing is broken for good."""

    class Guarded(RaceMachine):
        store = "memory-shared"
        lock = "flock"

    class Bare(RaceMachine):
        store = "memory-shared"

    run_state_machine_as_test(Guarded, settings=QUICK)
    with pytest.raises(AssertionError, match="ticket 2"):
        run_state_machine_as_test(Bare, settings=PLANTED)
