"""The steps of a counterexample as plain text: columns, or lines where columns do not fit."""

from __future__ import annotations

from booking.core.counterexample import Counterexample, CounterexampleBuyer, CounterexampleStep
from booking.report.step_table import step_table

NAMES = ("anna", "ben", "carl\x1b[2J")


def race(fatal: int | None = 1) -> Counterexample:
    """Return a counterexample with each kind of step."""
    steps = [
        CounterexampleStep(0, "acquire", "lock", saw=1),
        CounterexampleStep(2, "read", "file", saw=2),
        CounterexampleStep(0, "replace", "file", value=1),
        CounterexampleStep(2, "acquire", "lock", saw=0),
        CounterexampleStep(0, "release", "lock"),
    ]
    return Counterexample(
        anomaly="double-sold", message="both", why="both", store="json", guard="none", tickets=2,
        buyers=[CounterexampleBuyer(name) for name in NAMES], steps=steps, fatal=fatal,
    )  # fmt: skip


def test_a_column_for_each_buyer_that_takes_a_step() -> None:
    """The step after which no order is sound is marked, and the last one."""
    assert step_table(race(), 80) == [
        "     anna         carl\\x1b[2J",
        "1    acquire",
        "2                 read → 2             ← from here on no order is sound",
        "3    replace 1",
        "4                 acquire: gives up",
        "5    release                           ✗ double-sold",
    ]


def test_a_line_for_each_step_where_columns_do_not_fit() -> None:
    """No line is wider than it has to be, and no word is broken."""
    assert step_table(race(None), 40) == [
        "1    anna           acquire",
        "2    carl\\x1b[2J    read → 2",
        "3    anna           replace 1",
        "4    carl\\x1b[2J    acquire: gives up",
        "5    anna           release              ✗ double-sold",
    ]
