"""A witness in the terminal: a column a buyer, the fatal step, and why."""

from __future__ import annotations

import pytest

from booking.core.counterexample import (
    Counterexample,
    CounterexampleBuyer,
    CounterexampleStep,
)
from booking.report.terminal.exploration import parts_of_counterexample
from booking.report.terminal.layout import show_parts

SHOWN = """
  4 steps to double-sold:
       anna       ben
    1  read → 3
    2             read → 3   ← from here on no order is sound
    3  replace 2
    4             replace 2  ✗ double-sold

  why       ben read 3 before anna wrote 2, so both sold ticket 3
"""
NARROW = """
  4 steps to double-sold:
    1  anna  read → 3
    2  ben   read → 3   ← from here on no order is sound
    3  anna  replace 2
    4  ben   replace 2  ✗ double-sold

  why       ben read 3 before anna wrote 2, so both sold
            ticket 3
"""


@pytest.mark.parametrize("columns, shown", [(80, SHOWN), (66, SHOWN), (59, NARROW)])
def test_the_table_has_a_column_a_buyer_and_marks_the_fatal_step(
    capsys, monkeypatch, columns, shown
):
    """What was read, what was written, after which step no order is sound, and why."""
    from booking.report.terminal.console import console

    monkeypatch.setenv("COLUMNS", str(columns))
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
    show_parts(parts_of_counterexample(witness))
    assert capsys.readouterr().out == shown
    console.cache_clear()
