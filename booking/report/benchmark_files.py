"""A benchmark as files for scripts: one JSON document, or CSV with a line for each row."""

from __future__ import annotations

import csv
import io
import os
import platform
from collections.abc import Sequence
from math import inf
from typing import Any

from booking.bench.aggregate import Row
from booking.bench.comparison import Failed, sentences
from booking.bench.measure import Sample
from booking.bench.noise import floor_spread
from booking.bench.scalability_law import Fit
from booking.bench.thresholds import Check


def document(
    samples: Sequence[Sample],
    rows: Sequence[Row],
    fits: dict[str, Fit | None],
    floors: dict[str, float],
    checks: Sequence[Check],
    failed: Failed = (),
) -> dict[str, Any]:
    """Return a benchmark as data; nothing in it names the machine."""
    return {
        "host": {
            "cpus": os.cpu_count(),
            "system": platform.system(),
            "python": platform.python_version(),
            "load_1min": os.getloadavg()[0],
        },
        "rounds": 1 + max(sample.turn for sample in samples),
        "floors": {name: round(per_s, 1) for name, per_s in floors.items()},
        "limit": "c" if "c" in floors else "bare",
        "floor_spread": round(floor_spread(samples), 3),
        "summary": sentences(rows, failed),
        "rows": [row.document() for row in rows],
        "scaling": {label: fit and _fit_document(fit) for label, fit in fits.items()},
        "thresholds": [check.document() for check in checks],
        "missed": [check.line for check in checks if not check.met],
    }


def csv_text(rows: Sequence[Row]) -> str:
    """Return the rows as CSV; the spread of throughput is a column, other spreads are in JSON."""
    documents = [row.document() for row in rows]
    out = io.StringIO()
    names = [name for name in documents[0] if name != "spread"]
    table = csv.DictWriter(out, [*names, "sales_per_s_spread"], lineterminator="\n")
    table.writeheader()
    for document in documents:
        spread = document.pop("spread").get("sales_per_s")
        table.writerow({**document, "sales_per_s_spread": spread})
    return out.getvalue()


def _fit_document(fit: Fit) -> dict[str, Any]:
    law = fit.law
    return {
        "lambda_per_s": law.lambda_per_s,
        "contention": law.sigma,
        "contention_range": fit.sigma_range,
        "coherency": law.kappa,
        "coherency_range": fit.kappa_range,
        "peak_buyers": _finite(law.peak_buyers),
        "peak_range": [_finite(end) for end in fit.peak_range],
        "buyers": fit.buyers,
        "rounds": fit.rounds,
        "error": fit.error,
        "forecast": {
            str(buyers): {"sales_per_s": law.at(buyers), "range": ends}
            for buyers, ends in fit.forecast_ranges.items()
        },
    }


def _finite(value: float) -> float | None:
    return None if value == inf else value
