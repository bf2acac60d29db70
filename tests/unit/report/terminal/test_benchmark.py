"""What a benchmark shows in the terminal, and which variant it calls the winner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from booking.bench import summary
from booking.bench.aggregate import rows
from booking.bench.comparison import winners
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
from tests.support.golden import FOLDER, golden
from tests.support.screens import WIDTHS


def test_what_never_contended_is_not_compared() -> None:
    """Its ratios are withheld, no variant wins, and a line says so."""
    alone = [sample(one, 10, 100, contended_share=0.01) for one in (NONE, FLOCK)]
    found = rows(alone)
    assert [row.contended for row in found] == [False, False]
    assert found[1].values["ratio_to_bare"] is None
    assert winners(found) == []
    assert len(summary.doubts(replace(PLAN, rounds=1), alone, found)) == 2


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
    doubts = [f"{row.title(2)} hardly ever met another buyer" for row in found[5:6]]
    benchmark_report.show_notes(summary.floors(samples()), doubts, ["queue hung: no answer"])
    demands = ("clerk.jain>=0.9", "lock@50.sales_per_s>=1000", "flock@10.ratio_to_bare>=0.4")
    benchmark_report.show_checks([
        check for text in demands for check in parse(text, PLAN).checks(found)
    ])  # fmt: skip
    benchmark_report.show_again("booking bench --peer --require 'clerk.jain>=0.9'")
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
    benchmark_report.show_notes({"bare": 5000.0}, no_compiler=True)
    compare("bench-law", columns, capsys.readouterr().out)


def compare(name: str, columns: int, out: str) -> None:
    assert max(map(len, out.splitlines())) <= columns
    golden(f"bench/{name}-{columns}.txt", out)


@pytest.mark.parametrize("name", ["bench", "bench-law"])
def test_no_word_is_broken(name: str) -> None:
    """A report of 80 columns has the words of one of 120, in the same order."""
    narrow, wide = ((FOLDER / f"bench/{name}-{columns}.txt").read_text() for columns in WIDTHS)
    assert narrow.split() == wide.split()
    assert narrow != wide


def test_a_long_label_stands_above_its_figures(
    columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store of a user's own is named by module and class; the label is the only wide line."""
    name = "shop.inventory.stores:" + "Store" * 20
    found = rows([sample(Variant(name, "none"), 2, 100.0), sample(FLOCK, 2, 90)])
    benchmark_report.show_rows(found)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > columns] == [f"{name}/none"]
    assert [line.split() for line in lines if "p99" in line] == [
        ["sales/s", "×bare", "p99", "ms", "lost"]
    ]


def test_the_overheads_read_well(capsys: pytest.CaptureFixture[str]) -> None:
    one = {"name": "help", "what": "booking --help, against python -c pass", "unit": "ms",
           "ours": 60.0, "bare": 12.0, "ratio": 5.0, "range": [4.5, 5.5]}  # fmt: skip
    benchmark_report.show_overheads([one])
    golden("bench-self.txt", capsys.readouterr().out)


@pytest.mark.parametrize("share, cells", [(0, ""), (1, "█" * 12), (0.5, "█" * 6), (0.01, "▏")])
def test_bars(share: float, cells: str) -> None:
    assert benchmark_report.bar(share) == cells
