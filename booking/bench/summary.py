"""Sum up a benchmark beneath its rows: floors, scaling laws, and what cannot be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from booking.bench.aggregate import Row
from booking.bench.measure import Sample
from booking.bench.noise import warning
from booking.bench.plan import Plan
from booking.bench.scalability_law import Fit, fit_rounds
from booking.core.redaction import redacted


def floors(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the median of each floor in tickets a second: `bare` for each store, `c`."""
    measured: dict[str, list[float]] = {}
    several = len({sample.variant.store for sample in samples}) > 1
    for sample in samples:
        name = f"bare {redacted(sample.variant.store)}" if several else "bare"
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


def doubts(plan: Plan, samples: Sequence[Sample], rows: Sequence[Row]) -> list[str]:
    """Return why figures cannot be trusted, a sentence each."""
    stores = len(plan.stores)
    sentences = [
        f"{row.title(stores)} hardly ever met another buyer, so it is not compared"
        for row in rows
        if row.buyers > 1 and not row.contended
    ]
    if few := sum(len(row.rounds_per_s) < plan.rounds for row in rows):
        sentences.append(
            f"{few} of {len(rows)} rows were measured in less than {plan.rounds} rounds"
        )
    noisy = warning(samples)
    return sentences + ([noisy] if noisy else [])
