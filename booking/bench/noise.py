"""Detect a noisy machine: the floors are the same work each time, so they differ by noise."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles

from booking.bench.measure import Sample

NOISY_SPREAD = 0.2
FEW = 3


def floor_spread(samples: Sequence[Sample]) -> float:
    """Return how far the middle half of the bare floor's figures lies apart, as a share of them."""
    stores = {sample.variant.store for sample in samples}
    return max((_spread(_floors(samples, store)) for store in stores), default=0.0)


def warning(samples: Sequence[Sample]) -> str | None:
    """Return a sentence about a machine that was too noisy; None for a quiet one."""
    spread = floor_spread(samples)
    if spread <= NOISY_SPREAD:
        return None
    return (
        f"the machine was noisy: the same work alone differed by {spread:.0%} between rounds; "
        "trust ratios more than figures, and give more --rounds or less other work"
    )


def _floors(samples: Sequence[Sample], store: str) -> list[float]:
    """Return each floor once: it was measured for all variants of a round and number of buyers."""
    floors = {
        (sample.turn, sample.buyers): sample.bare_per_s
        for sample in samples
        if sample.variant.store == store
    }
    return list(floors.values())


def _spread(values: Sequence[float]) -> float:
    if len(values) < FEW:
        return (max(values) - min(values)) / median(values) if values else 0.0
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return (high - low) / middle
