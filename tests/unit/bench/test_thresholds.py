"""Thresholds: `NAME[@BUYERS].METRIC>=NUMBER` holds, is missed, or is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from booking.bench.aggregate import Row, rows
from booking.bench.plan import Plan, Variant
from booking.bench.thresholds import parse
from booking.errors import UsageError
from tests.support.benchmark_samples import (
    FILELOCK,
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


def test_a_row_that_was_not_measured_is_a_miss() -> None:
    """The others that the threshold means were, and meet it."""
    found = rows([sample(FLOCK, 2, 100), sample(FLOCK, 10, 100)])
    plan = Plan((FLOCK, FILELOCK), (2, 10))
    checks = parse("lock.sales_per_s>=100", plan).checks(found)
    assert [check.line for check in checks if not check.met] == [
        "lock.sales_per_s>=100: lock=filelock with 2 buyers has no such figure",
        "lock.sales_per_s>=100: lock=filelock with 10 buyers has no such figure",
    ]


def test_a_lost_sale_of_one_round_is_a_miss() -> None:
    """The median of three rounds is 0."""
    found = rows(
        [sample(FLOCK, 2, 9, turn, lost_sales=lost) for turn, lost in enumerate((0, 5, 0))]
    )
    assert misses("flock@2.lost_sales==0", found) == [
        "flock@2.lost_sales==0: json/lock=flock with 2 buyers has 5"
    ]


@pytest.mark.parametrize(
    "per_s, shown",
    [(72_814.3, "72,810"), (99.99999, "99.99999"), (100, "100"), (0.25, "0.25"), (3.0, "3")],
)
def test_a_figure_is_shown_with_the_digits_that_tell_it_from_the_bound(
    per_s: float, shown: str
) -> None:
    """Else a miss would read: 100 is wanted, and there is 100."""
    (check,) = parse("flock@2.sales_per_s>=100", PLAN).checks(rows([sample(FLOCK, 2, per_s)]))
    assert check.what == f"json/lock=flock with 2 buyers has {shown}"


def test_a_variant_of_a_users_own_can_be_named() -> None:
    """By its module and class; the last name is the metric."""
    mine = Variant("json", "lock", "my.locks:Mine")
    plan = Plan((mine, FLOCK), (2,))
    for name in ("my.locks:Mine", "lock=my.locks:Mine", "json/my.locks:Mine"):
        threshold = parse(f"{name}@2.jain>=0.5", plan)
        assert threshold.cells == ((mine, 2),)


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
        {"threshold": "sqlite@10.most_to_least<=1.5", "row": "sqlite/atomic", "buyers": 10,
         "value": None, "met": False},
    ]  # fmt: skip
    (check,) = parse("clerk@2.jain>0.9", PLAN).checks(rows(samples()))
    assert check.document()["value"] == 0.99
    assert check.met
