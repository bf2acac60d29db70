"""A lost update needs evidence: a store that counts down to 0 and no further loses none."""

from __future__ import annotations

import pytest

from booking.checker import check
from tests.support.histories import history_of
from tests.support.planted_histories import buy, search, step

THREE = [buy(1, 0, 1), buy(2, 2, 3), buy(3, 4, 5)]


def found(ops, tickets, remaining, steps=()):
    verdict = check(history_of(ops, tickets, remaining, steps))
    return {one.name.value: one for one in verdict.anomalies}


@pytest.mark.parametrize("remaining", [0, None])
def test_a_count_that_stops_at_0_explains_itself(remaining):
    assert set(found(THREE, 2, remaining)) == {"oversell"}


@pytest.mark.parametrize("remaining", [1, -2])
def test_another_count_at_the_end_is_a_lost_update(remaining):
    names = set(found(THREE, 2, remaining))
    assert ("lost-update" in names) == (remaining == 1)
    assert "oversell" in names


def test_a_negative_count_that_fell_too_little_is_a_lost_update():
    assert "lost-update" in found([*THREE, buy(4, 6, 7)], 2, -1)


def test_a_count_too_small_for_another_order_explains_itself():
    ops = [buy(1, 0, 1, quantity=2), buy(2, 2, 3, quantity=2)]
    assert set(found(ops, 3, 1)) == {"oversell"}
    assert "lost-update" in found(ops, 3, 2)


def test_steps_of_two_that_raced_show_a_lost_update_all_the_same():
    ops = [buy(1, 0, 10), buy(2, 1, 11)]
    steps = [
        step(1, 1, "read", saw=1),
        step(2, 2, "read", saw=1),
        step(1, 8, "replace", value=0),
        step(2, 9, "replace", value=0),
    ]
    assert set(found(ops, 1, 0, steps)) == {"oversell", "lost-update"}


def test_a_search_that_saw_too_many_left_before_the_count_was_0_shows_one():
    """Two of three were sold before it, and it saw two left."""
    ops = [buy(1, 0, 1), buy(2, 2, 3), search(9, 5, 6, 2), buy(3, 7, 8), buy(4, 9, 10)]
    lost = found(ops, 3, 0)["lost-update"]
    assert lost.message == "2 tickets sold before buyer 9 searched, yet it saw 2 left of 3"
    assert [event.process for event in lost.evidence] == [1, 1, 2, 2, 9, 9]
