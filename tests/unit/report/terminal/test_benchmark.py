"""What a benchmark shows in the terminal, and which variant it calls the winner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from booking.bench import summary
from booking.bench.aggregate import rows
from booking.bench.plan import Variant
from booking.report.terminal import benchmark as benchmark_report
from tests.support.benchmark_samples import (
    CLERK,
    FLOCK,
    NONE,
    PLAN,
    sample,
    samples,
)
from tests.support.golden import golden


def test_what_never_contended_is_not_compared() -> None:
    """Its ratios are withheld, no buyer wins, and a line says so."""
    alone = [sample(one, 10, 100, contended_share=0.01) for one in (NONE, FLOCK)]
    found = rows(alone)
    assert [row.contended for row in found] == [False, False]
    assert found[1].values["ratio_to_bare"] is None
    assert benchmark_report.winner(found) is None
    assert len(summary.doubts(alone, found)) == 2


def test_an_unsound_variant_never_wins() -> None:
    """However fast it is."""
    found = rows([sample(FLOCK, 10, 900, lost_sales=1), sample(CLERK, 10, 100)])
    assert benchmark_report.winner(found) is found[1]


def test_a_guard_that_is_unsound_by_design_never_wins() -> None:
    """However fast it is, and although it lost nothing this time."""
    lease, compensate = Variant("sqlite", "lease"), Variant("sqlite", "compensate")
    found = rows([sample(lease, 10, 900), sample(compensate, 10, 800), sample(CLERK, 10, 100)])
    best = benchmark_report.winner(found)
    assert best is not None
    assert best.variant == CLERK
    assert benchmark_report.winner(rows([sample(lease, 10, 900)])) is None


def test_the_table_reads_well(capsys: pytest.CaptureFixture[str]) -> None:
    """The winner stands out; every column has its figure."""
    found, plan = rows(samples()), replace(PLAN, rounds=2)
    benchmark_report.show_rows(found)
    benchmark_report.show_floors(summary.floors(samples()), "c")
    benchmark_report.show_fits(summary.fits(plan, samples()))
    benchmark_report.show_floors({"bare": 5000.0}, "bare")
    golden("bench.txt", capsys.readouterr().out)


def test_the_overheads_read_well(capsys: pytest.CaptureFixture[str]) -> None:
    one = {"name": "help", "what": "booking --help, against python -c pass", "unit": "ms",
           "ours": 60.0, "bare": 12.0, "ratio": 5.0, "range": [4.5, 5.5]}  # fmt: skip
    benchmark_report.show_overheads([one])
    golden("bench-self.txt", capsys.readouterr().out)


@pytest.mark.parametrize("share, cells", [(0, ""), (1, "█" * 12), (0.5, "█" * 6), (0.01, "▏")])
def test_bars(share: float, cells: str) -> None:
    assert benchmark_report.bar(share) == cells
