"""A schedule shrinks to the steps that matter."""

from __future__ import annotations

import pytest

from booking.core.assembly import assemble
from booking.core.counterexample import (
    CounterexampleBuyer,
)
from booking.core.scenario import from_flags
from booking.core.verdict import AnomalyName
from booking.experiments.exploration import plan_of
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.shrink import shrunk
from booking.explorer.transition_cache import TransitionCache
from booking.system.scratch import scratch_folder
from tests.support.explorations import explored


@pytest.mark.parametrize("method", ["graph", "reduced", "plain"])
def test_every_search_ends_with_a_shortest_witness(method):
    """Breadth first finds it; what other searches find is shrunk to it."""
    assert len(explored(3, 2, store="memory-shared", method=method).counterexample.steps) == 4
    assert len(explored(2, 1, store="json-inplace", method=method).counterexample.steps) == 3


def test_a_long_schedule_shrinks_to_the_steps_that_matter():
    """Five buyers in wild disorder; what is left are two reads and two writes of two of them."""
    scenario = from_flags({"tickets": 3}).but(search=True)
    plan = plan_of(assemble(scenario), [CounterexampleBuyer(f"buyer {n}") for n in range(5)])
    wild = [4, 1, 1, 4, 0, 2, 3, 3, 0, 1, 2, 4, 0, 2, 3]
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as environment:
        short = shrunk(TransitionCache(environment), wild, AnomalyName.DOUBLE_SOLD)
    assert len(short) == 6  # each of two buyers searches, reads, replaces
    assert len(set(short)) == 2


def test_what_breaks_nothing_is_not_shrunk():
    """Shrinking never makes a witness of a sound schedule."""
    plan = plan_of(
        assemble(from_flags({"tickets": 3}).but(search=False)), [CounterexampleBuyer("a")] * 2
    )
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as environment:
        assert shrunk(TransitionCache(environment), [0, 0, 1, 1], AnomalyName.DOUBLE_SOLD) == [
            0,
            0,
            1,
            1,
        ]
