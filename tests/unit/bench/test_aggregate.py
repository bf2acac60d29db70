"""Rows: ratios within a round, and the facts of a variant."""

from __future__ import annotations

import pytest

from booking.bench.aggregate import rows
from tests.support.benchmark_samples import (
    CLERK,
    FLOCK,
    NONE,
    sample,
)


def test_ratios_are_of_the_same_round() -> None:
    """The median of two ratios, not the ratio of two medians."""
    found = rows(
        [sample(NONE, 2, 100, 0, bare=200), sample(NONE, 2, 100, 1, bare=50),
         sample(FLOCK, 2, 50, 0, bare=200), sample(FLOCK, 2, 80, 1, bare=50)]
    )  # fmt: skip
    lock = found[1].values
    assert lock["ratio_to_none"] == pytest.approx((0.5 + 0.8) / 2)
    assert lock["ratio_to_bare"] == pytest.approx((0.25 + 1.6) / 2)
    assert lock["ratio_to_sqlite"] is None
    assert found[1].spread["sales_per_s"] == pytest.approx(15 / 65)


def test_a_row_states_kill_safety() -> None:
    """A fact of the lock or the guard, as `booking.experiments.kill_safety` has it."""
    found = rows([sample(NONE, 2, 100, 0), sample(FLOCK, 2, 50, 0), sample(CLERK, 2, 80, 0)])
    assert [row.kill_safe for row in found] == [None, True, True]
