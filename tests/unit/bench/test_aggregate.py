"""Rows: ratios within a round, and the facts of a variant."""

from __future__ import annotations

import pytest

from booking.bench.aggregate import kill_safe, rows
from booking.bench.plan import Variant
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


def test_kill_safety_is_the_locks_or_the_guards_fact() -> None:
    assert kill_safe(FLOCK) is True
    assert kill_safe(Variant("json", "lock", "mutex")) is False
    assert kill_safe(CLERK) is True
    assert kill_safe(Variant("json", "queue")) is False
    assert kill_safe(Variant("sqlite", "atomic")) is True
    assert kill_safe(Variant("sqlite", "compensate")) is None  # who dies there loses tickets
    assert kill_safe(NONE) is None
