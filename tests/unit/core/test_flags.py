"""The flags of a sale are fields of a scenario."""

from __future__ import annotations

import re
from multiprocessing import get_all_start_methods

import pytest

from booking.core.flags import ARRIVALS, FLAGS, START_METHODS
from booking.core.scenario import Scenario, from_flags

DEFAULT = re.compile(r"\[default: (\S+)\]")


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_is_a_field_with_its_type_and_its_default(name: str) -> None:
    """The two are written apart, so that completion need not import the model."""
    field, flag = Scenario.model_fields[name], FLAGS[name]
    assert flag.integer == (field.annotation in {int, int | None})
    assert (flag.metavar is None) == (field.annotation is bool)
    shown = DEFAULT.search(flag.help)
    if shown and name != "tickets":  # of the private store, not of the scenario
        assert shown[1] == str(Scenario().model_dump(mode="json")[name])


def test_what_is_offered_is_what_a_scenario_takes() -> None:
    """Every arrival, and every start method of this system."""
    for arrival in ARRIVALS:
        from_flags({"arrival": f"{arrival}5" if arrival.endswith(":") else arrival})
    assert set(get_all_start_methods()) <= set(START_METHODS)
