"""What a benchmark shows in the terminal, and which variant it calls the winner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from booking.bench import summary
from booking.bench.aggregate import rows
from booking.bench.comparison import winner
from booking.bench.plan import Variant
from booking.bench.thresholds import parse
from booking.report.terminal import benchmark as benchmark_report
from booking.report.terminal.console import console
from tests.support.benchmark_samples import (
    FLOCK,
    NONE,
    PLAN,
    sample,
    samples,
)
from tests.support.golden import golden
from tests.support.screens import WIDTHS


def test_what_never_contended_is_not_compared() -> None:
    """Its ratios are withheld, no variant wins, and a line says so."""
    alone = [sample(one, 10, 100, contended_share=0.01) for one in (NONE, FLOCK)]
    found = rows(alone)
    assert [row.contended for row in found] == [False, False]
    assert found[1].values["ratio_to_bare"] is None
    assert winner(found) is None
    assert len(summary.doubts(alone, found)) == 2


@pytest.fixture(params=WIDTHS)
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    console.cache_clear()
    return int(request.param)


def test_the_report_reads_well(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Who won in a sentence, the table, each threshold ticked off."""
    found = rows(samples())
    benchmark_report.show_comparison(found)
    benchmark_report.show_rows(found)
    benchmark_report.show_floors(summary.floors(samples()), "c")
    benchmark_report.show_lines(["atomic with 2 buyers never contended, so it is not compared"], "")
    demands = ("clerk.jain>=0.9", "lock@50.sales_per_s>=1000", "flock@10.ratio_to_bare>=0.4")
    benchmark_report.show_checks([
        check for text in demands for check in parse(text, PLAN).checks(found)
    ])  # fmt: skip
    compare("bench", columns, capsys.readouterr().out)


def test_all_columns_read_well(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    """In as many parts as the terminal needs."""
    found = [row for row in rows(samples()) if row.buyers == 10]
    benchmark_report.show_rows(found, wide=True)
    out = capsys.readouterr().out
    for name in benchmark_report.COLUMNS:
        assert out.count(name) >= 1
    compare("bench-wide", columns, out)


def test_the_law_reads_well(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    """In words, with what it rests on; no law of too few numbers of buyers."""
    plan = replace(PLAN, rounds=2)
    benchmark_report.show_fits({**summary.fits(plan, samples()), "queue": None})
    benchmark_report.show_floors({"bare": 5000.0}, "bare")
    compare("bench-law", columns, capsys.readouterr().out)


def compare(name: str, columns: int, out: str) -> None:
    assert max(map(len, out.splitlines())) <= columns
    golden(f"bench/{name}-{columns}.txt", out)


def test_a_label_as_long_as_a_line_leaves_its_columns_whole(
    columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store of a user's own is named by module and class; one part for each column then."""
    found = rows([sample(Variant("shop.inventory.stores:" + "Store" * 20, "none"), 2, 100.0)])
    benchmark_report.show_rows([*found, *rows([sample(FLOCK, 2, 90)])])
    heads = [line.split() for line in capsys.readouterr().out.splitlines() if line[:1] == " "]
    assert [name for head in heads for name in head] == ["sales/s", "×bare", "p99", "ms", "lost"]
    assert len(heads) == {80: 4, 120: 4}[columns]


def test_the_overheads_read_well(capsys: pytest.CaptureFixture[str]) -> None:
    one = {"name": "help", "what": "booking --help, against python -c pass", "unit": "ms",
           "ours": 60.0, "bare": 12.0, "ratio": 5.0, "range": [4.5, 5.5]}  # fmt: skip
    benchmark_report.show_overheads([one])
    golden("bench-self.txt", capsys.readouterr().out)


@pytest.mark.parametrize("share, cells", [(0, ""), (1, "█" * 12), (0.5, "█" * 6), (0.01, "▏")])
def test_bars(share: float, cells: str) -> None:
    assert benchmark_report.bar(share) == cells
