"""CSV and JSON of a benchmark."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from booking.bench import summary
from booking.bench.aggregate import METRICS, rows
from booking.report import benchmark_files
from tests.support.benchmark_samples import (
    PLAN,
    samples,
)


def test_csv_and_json_have_every_metric() -> None:
    """JSON has no infinities; CSV has a line a row."""
    found = rows(samples())
    table = list(csv.DictReader(io.StringIO(benchmark_files.csv_text(found))))
    assert len(table) == len(found) == 20
    assert set(METRICS) < set(table[0])
    fits = summary.fits(replace(PLAN, rounds=2), samples())
    document = benchmark_files.document(samples(), found, fits, {"bare": 1.0}, [])
    assert document["limit"] == "bare"
    sqlite = [row for row in document["rows"] if row["store"] == "sqlite"]
    assert [row["most_to_least"] for row in sqlite] == [None] * 4
    assert {"store", "guard", "lock", "buyers", "contended", "spread", *METRICS} <= set(sqlite[0])
