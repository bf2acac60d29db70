"""A witness is a small file of domain steps; it is short, and says why."""

from __future__ import annotations

import json

import pytest

from booking.core.assembly import assemble
from booking.core.counterexample import (
    Counterexample,
    CounterexampleBuyer,
    CounterexampleStep,
    load,
    save,
)
from booking.core.scenario import from_flags
from booking.core.verdict import AnomalyName
from booking.errors import UsageError
from booking.experiments.exploration import plan_of
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.shrink import shrunk
from booking.explorer.transition_cache import TransitionCache
from booking.report.terminal.exploration import show_witness
from booking.system.scratch import scratch_folder
from tests.support.explorations import explored

SHOWN = """\
  4 steps to double-sold:
         anna         ben
    1    read → 3
    2                 read → 3     ← from here on no order is sound
    3    replace 2
    4                 replace 2    ✗ double-sold

  what          ticket 3 is held twice
  why           ben read 3 before anna wrote 2, so both sold ticket 3
"""


def test_a_witness_survives_its_file(tmp_path):
    """Written and read again it is the same; the file holds steps, no code."""
    witness = explored(2, 1).witness
    save(witness, tmp_path / "w.json")
    assert load(tmp_path / "w.json") == witness
    steps = json.loads((tmp_path / "w.json").read_text())["steps"]
    assert steps[0] == {"buyer": 0, "action": "read", "resource": "data.json", "saw": 1}


@pytest.mark.parametrize(
    "text, problem",
    [
        ("", "no witness"),
        ("[]", "no witness"),
        ('{"version": 2}', "no witness"),
        (None, "no such file"),
    ],
)
def test_what_is_no_witness_is_refused_in_one_line(tmp_path, text, problem):
    """Wrong input is exit code 2, never a defect."""
    path = tmp_path / "w.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=problem) as error:
        load(path)
    assert "\n" not in str(error.value)


def test_a_witness_of_another_version_or_of_nobody_is_refused(tmp_path):
    """A step of a buyer who does not come can't be replayed."""
    data = json.loads(_saved(tmp_path).read_text())
    for change, problem in (
        ({"version": 9}, "version 9"),
        ({"buyers": []}, "not among the buyers"),
    ):
        path = tmp_path / "changed.json"
        path.write_text(json.dumps({**data, **change}))
        with pytest.raises(UsageError, match=problem):
            load(path)


def test_the_table_has_a_column_a_buyer_and_marks_the_fatal_step(capsys):
    """What was read, what was written, after which step no order is sound, and why."""
    from booking.report.terminal.sale import console

    console.cache_clear()
    witness = Counterexample(
        anomaly="double-sold",
        message="ticket 3 is held twice",
        store="json",
        guard="none",
        why="ben read 3 before anna wrote 2, so both sold ticket 3",
        tickets=3,
        fatal=1,
        buyers=[
            CounterexampleBuyer("anna"),
            CounterexampleBuyer("ben"),
            CounterexampleBuyer("carl"),
        ],
        steps=[
            CounterexampleStep(0, "read", "data.json", saw=3),
            CounterexampleStep(1, "read", "data.json", saw=3),
            CounterexampleStep(0, "replace", "data.json", 2),
            CounterexampleStep(1, "replace", "data.json", 2),
        ],
    )
    show_witness(witness)
    shown = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert shown + "\n" == SHOWN
    console.cache_clear()


@pytest.mark.parametrize("method", ["graph", "reduced", "plain"])
def test_every_search_ends_with_a_shortest_witness(method):
    """Breadth first finds it; what other searches find is shrunk to it."""
    assert len(explored(3, 2, store="memory-shared", method=method).witness.steps) == 4
    assert len(explored(2, 1, store="json-inplace", method=method).witness.steps) == 3


def test_a_long_schedule_shrinks_to_the_steps_that_matter():
    """Five buyers in wild disorder; what is left are two reads and two writes of two of them."""
    scenario = from_flags({"tickets": 3}).but(search=True)
    plan = plan_of(assemble(scenario), [CounterexampleBuyer(f"buyer {n}") for n in range(5)])
    wild = [4, 1, 1, 4, 0, 2, 3, 3, 0, 1, 2, 4, 0, 2, 3]
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as theatre:
        short = shrunk(TransitionCache(theatre), wild, AnomalyName.DOUBLE_SOLD)
    assert len(short) == 6  # each of two buyers searches, reads, replaces
    assert len(set(short)) == 2


def test_what_breaks_nothing_is_not_shrunk():
    """Shrinking never makes a witness of a sound schedule."""
    plan = plan_of(
        assemble(from_flags({"tickets": 3}).but(search=False)), [CounterexampleBuyer("a")] * 2
    )
    with scratch_folder(quick=True) as folder, ExecutionEnvironment(plan, folder) as theatre:
        assert shrunk(TransitionCache(theatre), [0, 0, 1, 1], AnomalyName.DOUBLE_SOLD) == [
            0,
            0,
            1,
            1,
        ]


def _saved(folder):
    save(explored(2, 1).witness, folder / "w.json")
    return folder / "w.json"
