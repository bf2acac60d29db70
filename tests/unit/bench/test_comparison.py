"""Which variant is called the fastest, and what is said of those that are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from booking.bench.aggregate import rows
from booking.bench.comparison import rounded, sentences, winners
from booking.bench.measure import Sample
from booking.bench.plan import Variant
from tests.support.benchmark_samples import CLERK, FILELOCK, FLOCK, NONE, SQLITE, sample

SOFT, MUTEX = Variant("json", "lock", "soft"), Variant("json", "lock", "mutex")
QUEUE = Variant("json", "queue")
LEASE, COMPENSATE = Variant("json", "lease"), Variant("json", "compensate")


def replaced(one: Sample, **figures: float) -> Sample:
    return replace(one, figures=replace(one.figures, **figures))


CASES: dict[str, tuple[list[Sample], list[str]]] = {
    "clear": (
        [sample(CLERK, 10, 72_814), sample(FLOCK, 10, 24_271), sample(FILELOCK, 10, 900)],
        ["clerk is fastest with 10 buyers: 73,000 sales/s, 3.0 × lock=flock, and lost nothing"],
    ),
    "several stores": (
        [sample(CLERK, 10, 72_814), sample(SQLITE, 10, 1000)],
        [("json/clerk is fastest with 10 buyers: 73,000 sales/s, 73 × sqlite/atomic, and lost "
         "nothing")],
    ),
    "several numbers of buyers": (
        [sample(CLERK, 2, 50), sample(FLOCK, 2, 10), sample(CLERK, 9, 5), sample(FLOCK, 9, 20)],
        ["clerk is fastest with 2 buyers: 50 sales/s, 5.0 × lock=flock, and lost nothing",
         "lock=flock is fastest with 9 buyers: 20 sales/s, 4.0 × clerk, and lost nothing"],
    ),
    "within the rounds": (
        [sample(CLERK, 10, 100), sample(CLERK, 10, 140, 1), sample(FLOCK, 10, 90),
         sample(FLOCK, 10, 130, 1), sample(FILELOCK, 10, 20), sample(FILELOCK, 10, 20, 1)],
        [("clerk and lock=flock cannot be told apart with 10 buyers: 110 to 120 sales/s, within "
         "the noise, and none lost anything")],
    ),
    "nearly the same": (
        [sample(CLERK, 10, 104), sample(CLERK, 10, 104, 1), sample(FLOCK, 10, 100),
         sample(FLOCK, 10, 100, 1)],
        [("clerk and lock=flock cannot be told apart with 10 buyers: about 100 sales/s, within "
         "the noise, and none lost anything")],
    ),
    "many alike": (
        [sample(variant, 10, 100) for variant in (CLERK, FLOCK, FILELOCK, SOFT, QUEUE)],
        [("clerk, lock=flock, lock=filelock and 2 more cannot be told apart with 10 buyers: about "
         "100 sales/s, too close for a single round, and none lost anything")],
    ),
    "a single round shows no noise": (
        [sample(CLERK, 10, 119), sample(FLOCK, 10, 100)],
        [("clerk and lock=flock cannot be told apart with 10 buyers: 100 to 120 sales/s, too "
         "close for a single round, and none lost anything")],
    ),
    "a little faster in each round": (
        [sample(CLERK, 10, 114), sample(CLERK, 10, 114, 1), sample(FLOCK, 10, 100),
         sample(FLOCK, 10, 100, 1)],
        [("clerk is fastest with 10 buyers: 110 sales/s, 14% more than lock=flock, and lost "
         "nothing")],
    ),
    "lost in one round of three": (
        [sample(CLERK, 10, 500, turn, lost_sales=lost) for turn, lost in enumerate((0, 7, 0))]
        + [sample(FLOCK, 10, 50, turn) for turn in range(3)],
        ["lock=flock with 10 buyers: 50 sales/s, and lost nothing; no other row can be chosen",
         "Faster, but no choice: clerk lost 7 sales"],
    ),
    "a faster one that is unsound by design": (
        [sample(LEASE, 10, 900), sample(CLERK, 10, 100), sample(FLOCK, 10, 50)],
        ["clerk is fastest with 10 buyers: 100 sales/s, 2.0 × lock=flock, and lost nothing",
         "Faster, but no choice: lease is unsound by design"],
    ),
    "a faster one that never met another buyer": (
        [sample(FLOCK, 10, 900, contended_share=0.0), sample(CLERK, 10, 100)],
        ["clerk with 10 buyers: 100 sales/s, and lost nothing; no other row can be chosen",
         "Faster, but no choice: lock=flock hardly ever met another buyer"],
    ),
    "what speaks against the fastest": (
        [sample(MUTEX, 10, 900, buyers_without_a_sale=2), sample(CLERK, 10, 100)],
        [("lock=mutex is fastest with 10 buyers: 900 sales/s, 9.0 × clerk, and lost nothing "
         "(not kill-safe, 2 of 10 buyers got nothing)")],
    ),
    "one that sold nothing": (
        [replaced(sample(CLERK, 10, 9), sales_per_s=0.0),
         replaced(sample(FLOCK, 10, 9), sales_per_s=0.0)],
        ["No choice with 10 buyers: clerk sold nothing, lock=flock sold nothing"],
    ),
    "a faster one that lost": (
        [sample(NONE, 10, 900, lost_sales=4120), sample(CLERK, 10, 100), sample(FLOCK, 10, 50)],
        ["clerk is fastest with 10 buyers: 100 sales/s, 2.0 × lock=flock, and lost nothing",
         "Faster, but no choice: none lost 4,120 sales"],
    ),
    "a slower one that lost": (
        [sample(NONE, 10, 9, lost_sales=4120), sample(CLERK, 10, 100), sample(FLOCK, 10, 50)],
        ["clerk is fastest with 10 buyers: 100 sales/s, 2.0 × lock=flock, and lost nothing"],
    ),
    "one row": (
        [sample(CLERK, 10, 100)],
        ["clerk with 10 buyers: 100 sales/s, and lost nothing; nothing else was measured"],
    ),
    "one that can be chosen": (
        [sample(CLERK, 10, 100), sample(NONE, 10, 50, lost_sales=1)],
        ["clerk with 10 buyers: 100 sales/s, and lost nothing; no other row can be chosen"],
    ),
    "none that can be chosen": (
        [sample(NONE, 10, 50, lost_sales=1), sample(FLOCK, 10, 90, lost_sales=2)],
        ["No choice with 10 buyers: lock=flock lost 2 sales, none lost 1 sale"],
    ),
    "unsound by design": (
        [sample(LEASE, 10, 900), sample(COMPENSATE, 10, 800)],
        [("No choice with 10 buyers: lease is unsound by design, compensate is unsound by "
         "design")],
    ),
    "no contest": (
        [sample(CLERK, 10, 900, contended_share=0.0)],
        ["No comparison with 10 buyers: they hardly ever met"],
    ),
    "one buyer": ([sample(CLERK, 1, 900, contended_share=0.0)], []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_is_true(name: str) -> None:
    """A variant that lost sales never wins, and differences within the rounds are none."""
    samples, expected = CASES[name]
    assert sentences(rows(samples)) == expected


def test_an_unsound_variant_never_wins() -> None:
    """However fast it is."""
    found = rows([sample(FLOCK, 10, 900, lost_sales=1), sample(CLERK, 10, 100)])
    assert winners(found) == [found[1]]


def test_a_guard_that_is_unsound_by_design_never_wins() -> None:
    """However fast it is, and although it lost nothing this time."""
    found = rows([sample(LEASE, 10, 900), sample(COMPENSATE, 10, 800), sample(CLERK, 10, 100)])
    assert [row.variant for row in winners(found)] == [CLERK]
    assert winners(rows([sample(LEASE, 10, 900)])) == []


def test_a_variant_that_failed_later_never_wins() -> None:
    """A sale of it could not be measured: what it did in others is no recommendation."""
    found = rows([sample(CLERK, 10, 900), sample(FLOCK, 10, 100)])
    assert sentences(found, {CLERK}) == [
        "lock=flock with 10 buyers: 100 sales/s, and lost nothing; no other row can be chosen",
        "Faster, but no choice: clerk could not be measured to the end",
    ]


def test_no_sentence_shows_a_password() -> None:
    """A store is named by its URL where several are compared."""
    url = Variant("redis://shop:hunter2@db.example/0", "lock", "flock")
    (sentence,) = sentences(rows([sample(url, 10, 900), sample(CLERK, 10, 100)]))
    assert "hunter2" not in sentence
    assert "redis://shop:***@db.example/0/lock=flock is fastest" in sentence


@pytest.mark.parametrize(
    "per_s, text",
    [(72_814, "73,000"), (999, "1,000"), (99.6, "100"), (9.96, "10"), (12.3, "12"), (1.26, "1.3"),
     (0.0123, "0.012"), (0, "0")],
)  # fmt: skip
def test_a_rate_has_the_digits_that_are_meant(per_s: float, text: str) -> None:
    assert rounded(per_s) == text
