"""Thresholds: `NAME[@BUYERS].METRIC>=NUMBER` holds, is missed, or is refused."""

from __future__ import annotations

import re

import pytest

from booking.bench.aggregate import rows
from booking.bench.thresholds import parse
from booking.errors import UsageError
from tests.support.benchmark_samples import (
    FLOCK,
    PLAN,
    sample,
    samples,
)


@pytest.mark.parametrize(
    "text, missed",
    [
        ("clerk@50.ratio_to_limit>=2", 0),
        ("clerk@50.ratio_to_limit>=3", 1),
        ("lock.jain > 0.9", 0),
        ("lock.sales_per_s>=100", 2),  # filelock with 10 and with 50
        ("flock.sales_per_s>=100", 0),
        ("json/filelock@10.buyers_without_a_sale==2", 0),
        ("lock=flock.kill_safe>=1", None),
        ("sqlite@10.ratio_to_sqlite==1", 0),
        ("sqlite.most_to_least<=1.5", 4),
        ("none@50.lost_sales<=0", 1),
    ],
)
def test_thresholds(text: str, missed: int | None) -> None:
    """They hold for every row that is meant."""
    if missed is None:
        with pytest.raises(UsageError, match="unknown metric"):
            parse(text, PLAN)
    else:
        assert len(parse(text, PLAN).misses(rows(samples()))) == missed


def test_a_value_that_could_not_be_had_is_a_miss() -> None:
    """Never a pass."""
    found = rows([sample(FLOCK, 2, 100)])
    for sign in ("<=", ">=", "<", ">", "=="):
        assert parse(f"lock@2.ratio_to_none{sign}1", PLAN).misses(found)
    assert parse("clerk.jain>0", PLAN).misses(found) == ["clerk.jain>0: nothing was measured"]


@pytest.mark.parametrize(
    "text, problem",
    [
        ("lock.speed>=1", 'unknown metric "speed"'),
        ("lokc.jain>=1", 'unknown row "lokc"; did you mean lock?'),
        ("lock@7.jain>=1", "no row has 7 buyers; there are 1, 2, 10, 50"),
        ("lock.jain", "write it as NAME[@BUYERS].METRIC>=NUMBER"),
        ("lock.jain>=much", "write it as"),
        ("lock.jain>=nan", "write it as"),
        ("", "write it as"),
    ],
)
def test_a_threshold_that_means_nothing_is_an_error(text: str, problem: str) -> None:
    """Before anything runs."""
    with pytest.raises(UsageError, match=re.escape(problem)):
        parse(text, PLAN)
