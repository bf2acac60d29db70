"""Sum up a benchmark beneath its rows: floors, scaling laws, and what cannot be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from booking.bench.aggregate import Row
from booking.bench.measure import Sample
from booking.bench.noise import warning
from booking.bench.plan import Plan
from booking.bench.scalability_law import Fit, fit_rounds


def floors(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the median of each floor in tickets a second: `bare` for each store, `c`."""
    measured: dict[str, list[float]] = {}
    several = len({sample.variant.store for sample in samples}) > 1
    for sample in samples:
        name = f"bare {sample.variant.store}" if several else "bare"
        measured.setdefault(name, []).append(sample.bare_per_s)
        if sample.c_per_s is not None:
            measured.setdefault("c", []).append(sample.c_per_s)
    return {name: median(values) for name, values in measured.items()}


def fits(plan: Plan, samples: Sequence[Sample]) -> dict[str, Fit | None]:
    """Return the scaling law fitted to each variant, the unguarded sale included."""
    laws = {}
    for variant in plan.variants:
        rounds = [
            [
                (sample.buyers, sample.figures.sales_per_s)
                for sample in samples
                if (sample.turn, sample.variant) == (turn, variant)
            ]
            for turn in range(plan.rounds)
        ]
        laws[variant.title(len(plan.stores))] = fit_rounds(rounds)
    return laws


def doubts(samples: Sequence[Sample], rows: Sequence[Row]) -> list[str]:
    """Return why figures cannot be trusted, a sentence each."""
    sentences = [
        f"{row.title} never contended, so it is not compared"
        for row in rows
        if row.buyers > 1 and not row.contended
    ]
    noisy = warning(samples)
    return sentences + ([noisy] if noisy else [])
