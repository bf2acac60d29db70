"""The reduced search misses no order that differs: buyers of unlike programs, against every order.

Equal buyers hid it: where the second of two racing steps is of a buyer that sleeps, another one
has to come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.core.counterexample import CounterexampleBuyer
from booking.core.scenario import Scenario
from booking.experiments.exploration import prove
from booking.explorer.path import ExecutionPath
from booking.explorer.search import PathExplorer
from tests.support.step_programs import Program, use

MODULE = "tests.support.step_programs"
X, Y = "x", "y"
READ, WRITE = False, True
MISSED: list[list[Program]] = [
    [[(Y, READ), (Y, WRITE)], [(X, READ), (Y, READ), (X, WRITE)], [(X, WRITE), (X, READ)]],
    [[(Y, READ), (X, READ), (Y, WRITE)], [(X, WRITE), (Y, READ), (Y, WRITE)],
     [(X, READ), (X, WRITE)]],
]  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from([X, Y]), st.booleans()), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def answers() -> Iterator[list[set[tuple[str, ...]]]]:
    """Return a list of sets; what each execution answered is added to the last one."""
    kept: list[set[tuple[str, ...]]] = []
    settle = PathExplorer._settle

    def keep(explorer: PathExplorer, path: ExecutionPath, interleavings: int) -> None:
        kept[-1].add(tuple(sorted(str(e.value) for e in path.history().events if e.type == "ok")))
        settle(explorer, path, interleavings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PathExplorer, "_settle", keep)
        yield kept


def explored(programs: list[Program], method: Any, answers: list[set[tuple[str, ...]]]) -> Any:
    """Explore programs; return what was answered, and how many orders there are."""
    use(programs)
    answers.append(set())
    scenario = Scenario(
        store=f"{MODULE}:Files", guard=f"{MODULE}:Steps", tickets=9, buyers=len(programs),
        search=False,
    )  # fmt: skip
    buyers = [CounterexampleBuyer(f"buyer {at}") for at in range(len(programs))]
    result = prove(scenario, buyers, named=True, method=method).exploration
    assert (result.bound, result.caveats) == (None, [])
    return answers[-1], result.interleavings


@pytest.mark.sweep(usual=lambda programs: programs is MISSED[0])
@pytest.mark.parametrize("programs", MISSED)
def test_orders_that_were_missed(
    programs: list[Program], answers: list[set[tuple[str, ...]]]
) -> None:
    """One answer of eight, and 44 of 560 orders, were never seen."""
    assert explored(programs, "reduced", answers) == explored(programs, "plain", answers)


@pytest.mark.sweep(usual=lambda examples: examples == 4)
@pytest.mark.parametrize("examples", [4, 300])
def test_no_answer_and_no_order_is_missed(
    examples: int, answers: list[set[tuple[str, ...]]]
) -> None:
    """Whatever the programs are."""

    @settings(max_examples=examples)
    @given(programs=st.lists(STEPS, min_size=2, max_size=3))
    def agree(programs: list[Program]) -> None:
        assert explored(programs, "reduced", answers) == explored(programs, "plain", answers)

    agree()
