"""Thresholds: `NAME[@BUYERS].METRIC>=NUMBER` holds, is missed, or is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from booking.bench.aggregate import Row, rows
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
        assert len(misses(text, rows(samples()))) == missed


def misses(text: str, found: Sequence[Row]) -> list[str]:
    return [check.line for check in parse(text, PLAN).checks(found) if not check.met]


def test_a_value_that_could_not_be_had_is_a_miss() -> None:
    """Never a pass."""
    found = rows([sample(FLOCK, 2, 100)])
    for sign in ("<=", ">=", "<", ">", "=="):
        assert misses(f"lock@2.ratio_to_none{sign}1", found)
    assert misses("clerk.jain>0", found) == ["clerk.jain>0: nothing was measured"]


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


def test_a_check_is_data_for_scripts() -> None:
    """Met or missed, with the value; infinity is no number of JSON."""
    checks = parse("sqlite@10.most_to_least<=1.5", PLAN).checks(rows(samples()))
    assert [check.document() for check in checks] == [
        {"threshold": "sqlite@10.most_to_least<=1.5", "row": "atomic", "buyers": 10,
         "value": None, "met": False},
    ]  # fmt: skip
    (check,) = parse("clerk@2.jain>0.9", PLAN).checks(rows(samples()))
    assert check.document()["value"] == 0.99
    assert check.met
