"""Samples of a made-up benchmark: two rounds of four variants and the peer."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

from booking.bench.measure import Sample
from booking.bench.metrics import Figures
from booking.bench.plan import Plan, Variant

NONE, FLOCK = Variant("json", "none"), Variant("json", "lock", "flock")
FILELOCK, CLERK = Variant("json", "lock", "filelock"), Variant("json", "clerk")
SQLITE = Variant("sqlite", "atomic")
FIGURES = Figures(1000, 1.0, 5.0, 9.0, 250.0, 0.99, 1.2, 0, 80.0, 0, 0, 0, 0.9)


def sample(
    variant: Variant, buyers: int, per_s: float, turn: int = 0, bare: float = 5000, **more: Any
) -> Sample:
    found = replace(FIGURES, sales_per_s=per_s, wait_p99_ms=5e5 / per_s, **more)
    return Sample(turn, buyers, variant, found, bare, 8000.0)


def samples() -> list[Sample]:
    """Two rounds of four variants with 1, 2, 10 and 50 buyers, and the peer."""
    found = []
    for turn, luck in enumerate((1.0, 1.1)):
        for n in (1, 2, 10, 50):
            alone = {"contended_share": 0.0} if n == 1 else {}
            lost = {"lost_sales": 40 * n, "jain": 0.8} if n > 1 else {}
            found += [
                sample(NONE, n, 5000 * luck / n**0.5, turn, **alone, **lost),
                sample(FLOCK, n, 4000 * luck / n**0.3, turn, **alone),
                sample(FILELOCK, n, 900 * luck / n, turn, buyers_without_a_sale=n // 5, **alone),
                sample(CLERK, n, 3000 * luck * n**0.5, turn, **alone),
                sample(SQLITE, n, 6000 * luck / n**0.5, turn, most_to_least=inf, **alone),
            ]
    return found


PLAN = Plan((NONE, FLOCK, FILELOCK, CLERK, SQLITE), (1, 2, 10, 50))
