"""What is said beneath the rows: the floors, the scaling law of each variant, and doubts."""

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
    found: dict[str, list[float]] = {}
    several = (
        len({sample.variant.store for sample in samples if ":" not in sample.variant.store}) > 1
    )
    for sample in samples:
        if ":" not in sample.variant.store:
            name = f"bare {sample.variant.store}" if several else "bare"
            found.setdefault(name, []).append(sample.bare_per_s)
        if sample.c_per_s is not None:
            found.setdefault("c", []).append(sample.c_per_s)
    return {name: median(values) for name, values in found.items()}


def fits(plan: Plan, samples: Sequence[Sample]) -> dict[str, Fit | None]:
    """Fit the scaling law to each variant; the unguarded sale included, whatever it is worth."""
    found = {}
    for variant in plan.variants:
        rounds = [
            [
                (sample.buyers, sample.figures.sales_per_s)
                for sample in samples
                if (sample.turn, sample.variant) == (turn, variant)
            ]
            for turn in range(plan.rounds)
        ]
        found[variant.title(len(plan.stores))] = fit_rounds(rounds)
    return found


def doubts(samples: Sequence[Sample], rows: Sequence[Row]) -> list[str]:
    """Describe what the figures cannot be trusted for."""
    found = [
        f"{row.variant.label} with {row.buyers} buyers never contended, so it is not compared"
        for row in rows
        if row.buyers > 1 and not row.contended
    ]
    noisy = warning(samples)
    return found + ([noisy] if noisy else [])
