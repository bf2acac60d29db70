"""One execution for each class of orders that commute, and the classes stand for all."""

from __future__ import annotations

import pytest

from booking.checker import check
from booking.core.assembly import assemble
from booking.core.counterexample import CounterexampleBuyer
from booking.core.scenario import from_flags
from booking.experiments.exploration import plan_of
from booking.explorer.dpor import DporExplorer
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.model import Limits
from booking.explorer.transition_cache import TransitionCache
from booking.system.scratch import scratch_folder
from tests.support.explorations import explored


@pytest.mark.parametrize(
    "buyers, classes", [(2, 4), (3, 21), (4, 148), pytest.param(5, 1_305, marks=pytest.mark.slow)]
)
def test_one_execution_for_each_class(buyers, classes):
    """Unlocked read and write: as many classes as steps alone tell apart, none executed twice."""
    scenario = from_flags({"store": "memory-shared", "tickets": 1}).but(search=False)
    plan = plan_of(assemble(scenario), [CounterexampleBuyer(f"buyer {n}") for n in range(buyers)])
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as environment:
        cache = TransitionCache(environment)
        found = DporExplorer(cache, check, Limits(), lambda *_: None, clocked=False).explore()
    assert found.complete
    assert found.classes == classes


def test_classes_stand_for_all_interleavings():
    """The linear extensions of all classes together are the interleavings, none twice."""
    found = explored(4, 3, store="memory-shared", method="reduced").exploration
    assert (found.interleavings, found.violating) == (2_520, 2_496)
    assert found.classes == 576


def test_a_reduction_that_ignores_writes_would_be_caught(monkeypatch):
    """Planted: steps that write commute. They are seen not to: nothing is proved."""

    from booking.explorer import dpor

    def clocks_alone(explorer, step, other):
        return (step.begins and other.ends) or (step.ends and other.begins)

    assert explored(3, 2, method="reduced").exploration.complete
    monkeypatch.setattr(dpor.DporExplorer, "_depend", clocks_alone)
    wrong = explored(3, 2, method="reduced").exploration
    assert not wrong.complete
    assert wrong.caveats
