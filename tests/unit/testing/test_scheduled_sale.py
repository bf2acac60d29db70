"""`booking.testing`: race tests of a user's own store in a few lines, which shrink."""

from __future__ import annotations

import re

import pytest
from hypothesis import Phase, example, given, settings

from booking.core.verdict import Outcome
from booking.testing import Schedule, assert_sound, schedules, sell
from tests.support import shops
from tests.trust.catalogue import VARIANTS
from tests.unit.testing.test_stateful import PLANTED, QUICK


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


def test_an_example_that_hypothesis_prints_can_be_pasted():
    """As an argument of `@example` it is valid Python, and fails in the same way."""
    found = settings(PLANTED, max_examples=100)(given(schedules(buyers=3))(race_once))
    with pytest.raises(AssertionError) as error:
        found()
    printed = "\n".join(error.value.__notes__)
    argument = re.search(r"^ *(schedule=.*),$", printed, re.MULTILINE)
    assert argument is not None, printed
    pasted = eval(f"example({argument[1]})", {"example": example, "Schedule": Schedule})
    again = pasted(settings(PLANTED, phases=[Phase.explicit])(given(schedules(3))(race_once)))
    with pytest.raises(AssertionError) as second:
        again()
    assert str(second.value) == str(error.value)


def race_once(schedule):
    """Sell once in that order."""
    assert_sound("json", schedule, tickets=2)


def test_no_choice_at_all_is_the_serial_sale():
    """That is what schedules shrink towards."""
    sale = sell("json", Schedule(3), tickets=2)
    assert sale.verdict.outcome is Outcome.VALID
    assert [one.process for one in sale.history.steps()] == [0, 0, 1, 1, 2]


def test_a_forgotten_step_fails_the_test():
    """Unknown is no pass."""
    with pytest.raises(AssertionError, match=r"SilentShop\.write"):
        assert_sound(shops.SilentShop, Schedule(2), tickets=1, lock="flock")


@pytest.mark.parametrize("name", ["InClass", "InModule", "ThreadsOnly", "WaitersTogether"])
def test_one_order_is_confirmed_as_an_exploration_is(name: str) -> None:
    """By real processes: they share no class, and they wait for a lock."""
    of = VARIANTS[name]
    sale = sell(of.store, Schedule(2), tickets=2, guard=of.guard, lock=of.lock)
    assert sale.verdict.outcome is Outcome.UNKNOWN
    assert "real processes" in sale.verdict.reason
    with pytest.raises(AssertionError, match=r"^unknown: "):
        sale.assert_sound()


def test_a_lock_of_whole_processes_is_not_accused() -> None:
    """In one process it looks broken; its counterexample goes otherwise in several."""
    lock = VARIANTS["ByProcess"].lock
    sales = [
        sell("json", Schedule(2, choices), tickets=1, guard="lock", lock=lock)
        for choices in ((0, 0, 1, 1), (0, 1, 0, 1))
    ]
    assert {sale.verdict.outcome for sale in sales} == {Outcome.UNKNOWN}
    assert any("in real processes it goes otherwise" in sale.verdict.reason for sale in sales)


def test_a_store_whose_read_can_tear_is_sold_with_searches() -> None:
    """As it is explored; the lock holds orders apart, and a search takes none."""
    order = Schedule(2, (0, 0, 0, 0, 1))
    found = sell("json-inplace", order, lock="flock")
    assert (found.verdict.outcome, "half-written" in found.verdict.reason) == (
        Outcome.INVALID,
        True,
    )
    assert sell("json-inplace", order, lock="flock", search=False).verdict.outcome is Outcome.VALID


@pytest.mark.parametrize("guard", ["Steps", pytest.param("Spins", marks=pytest.mark.slow)])
def test_code_that_never_ends_is_no_pass(guard: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `AssertionError` that says so, and no error of ours."""
    monkeypatch.setattr("booking.experiments.one_order.SECONDS_MAX", 0.5)
    with pytest.raises(AssertionError, match=r"^(unknown|invalid): "):
        assert_sound("json", Schedule(2), guard=f"tests.support.endless:{guard}", lock="flock")
