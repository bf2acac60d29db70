"""A plan multiplies out, or is refused before anything runs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from booking.bench.plan import make_plan
from booking.errors import UsageError


def test_a_plan_multiplies_out() -> None:
    plan = make_plan(["json"], ["none", "lock"], ["flock", "mutex"], [10, 2, 2], peer=True)
    assert [one.label for one in plan.variants] == ["none", "lock=flock", "lock=mutex", "atomic"]
    assert plan.buyers == (2, 10)
    assert plan.stores == ["json", "sqlite"]  # the peer has a floor of its own


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"guards": ["nothing"]}, 'unknown guard "nothing"'),
        ({"locks": ["flok"]}, "did you mean flock?"),
        ({"stores": ["jsn"]}, 'unknown store "jsn"'),
        ({"buyers": [1]}, "a single buyer has no competitor"),
        ({"buyers": []}, "a single buyer has no competitor"),
        ({"buyers": [0, 2]}, "from 1 to"),
        ({"rounds": 0}, "--rounds: from 1"),
        ({"duration_s": 0.001}, "--time: at least 20ms"),
        ({"guards": []}, "nothing to compare"),
    ],
)
def test_a_plan_that_cannot_be_compared_is_refused(changes: dict[str, Any], problem: str) -> None:
    """Before anything runs."""
    good: dict[str, Any] = {
        "stores": ["json"], "guards": ["none"], "locks": ["flock"], "buyers": [2]
    }  # fmt: skip
    make_plan(**good)
    with pytest.raises(UsageError, match=re.escape(problem)):
        make_plan(**{**good, **changes})
