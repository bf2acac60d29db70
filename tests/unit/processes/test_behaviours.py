"""Behaviours by name: a scenario runs the registered one, or its usual one."""

from __future__ import annotations

import pytest

from booking.core.registry import BUILT_IN
from booking.core.scenario import from_flags
from booking.processes import behaviours
from booking.processes.buyer_process import behaviour_of


@pytest.mark.parametrize("name", BUILT_IN["behaviour"])
def test_a_registered_name_is_the_function_of_that_name(name: str) -> None:
    """So a scenario names no module of ours."""
    wanted = getattr(behaviours, name.replace("-", "_"))
    assert behaviour_of(from_flags({"behaviour": name})) is wanted


def test_a_function_of_the_users_own_still_works() -> None:
    """It is named `module:function`."""
    function = behaviour_of(from_flags({"behaviour": "tests.support.planted:crash"}))
    assert function.__name__ == "crash"


@pytest.mark.parametrize("search", [False, True])
@pytest.mark.parametrize("until_sold_out", [False, True])
def test_the_usual_behaviour_follows_from_the_flags(search: bool, until_sold_out: bool) -> None:
    """Whether buyers search, and whether they go on until sold out."""
    scenario = from_flags({"search": search, "until_sold_out": until_sold_out})
    name = behaviour_of(scenario).__name__
    assert ("search" in name) is search
    assert ("until_sold_out" in name) is until_sold_out
