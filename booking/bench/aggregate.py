"""Aggregate samples into rows: medians, their spread, and ratios formed within a round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from booking.bench.measure import Sample
from booking.bench.metrics import CONTENDED_SHARE_MIN, Figures
from booking.bench.plan import PEER, Variant
from booking.core.redaction import redacted
from booking.experiments.kill_safety import kill_safety

RATIOS = ("ratio_to_bare", "ratio_to_limit", "ratio_to_none", "ratio_to_sqlite")
METRICS = (*Figures.__dataclass_fields__, *RATIOS)


@dataclass(frozen=True, slots=True)
class Row:
    """One variant with one number of buyers, over all rounds."""

    variant: Variant
    buyers: int
    values: dict[str, float | None]  # medians, of lost sales the most; None: it has none
    spread: dict[str, float]  # half the distance of the extremes, as a share of the median
    contended: bool
    kill_safe: bool | None  # None: no guard, not stated, or not to be seen
    rounds_per_s: tuple[float, ...]  # tickets a second in each round

    @property
    def sound(self) -> bool:
        """Whether in every round every order that was answered `ok` made the count fall."""
        return self.values["lost_sales"] == 0

    def title(self, stores: int) -> str:
        """Its variant and number of buyers, for a sentence about that many stores."""
        return f"{self.variant.title(stores)} with {self.buyers} buyer{'s' * (self.buyers > 1)}"

    def document(self) -> dict[str, Any]:
        """Return the row as JSON has it."""
        variant = self.variant
        return {
            "store": redacted(variant.store),
            "guard": variant.guard,
            "lock": variant.lock,
            "buyers": self.buyers,
            **{name: _rounded(value) for name, value in self.values.items()},
            "contended": self.contended,
            "kill_safe": self.kill_safe,
            "spread": {name: round(value, 3) for name, value in self.spread.items()},
        }


def rows(samples: Sequence[Sample]) -> list[Row]:
    """Return a row for each number of buyers and variant, in the order of measuring."""
    cells: dict[tuple[int, Variant], list[dict[str, float | None]]] = {}
    for sample in samples:
        values = _values(sample, _references(sample, samples))
        cells.setdefault((sample.buyers, sample.variant), []).append(values)
    measured = [_row(variant, buyers, cell) for (buyers, variant), cell in cells.items()]
    return sorted(measured, key=lambda row: row.buyers)


def _references(sample: Sample, samples: Iterable[Sample]) -> dict[str, float]:
    """Return tickets a second of the unguarded sale and of the peer, in the same round."""
    references = {}
    for other in samples:
        if (other.turn, other.buyers) == (sample.turn, sample.buyers):
            if other.variant == Variant(sample.variant.store, "none"):
                references["none"] = other.figures.sales_per_s
            if other.variant == PEER:
                references["sqlite"] = other.figures.sales_per_s
    return references


def _values(sample: Sample, references: dict[str, float]) -> dict[str, float | None]:
    ours = sample.figures.sales_per_s
    return {
        **asdict(sample.figures),
        "ratio_to_bare": _ratio(ours, sample.bare_per_s),
        "ratio_to_limit": _ratio(ours, sample.c_per_s or sample.bare_per_s),
        "ratio_to_none": _ratio(ours, references.get("none")),
        "ratio_to_sqlite": _ratio(ours, references.get("sqlite")),
    }


def _ratio(ours: float, theirs: float | None) -> float | None:
    return ours / theirs if theirs else None


def _row(variant: Variant, buyers: int, cell: list[dict[str, float | None]]) -> Row:
    values: dict[str, float | None] = {}
    spread: dict[str, float] = {}
    for name in METRICS:
        known = [value for figures in cell if (value := figures[name]) is not None]
        values[name] = median(known) if known else None
        middle = values[name]
        if middle and middle != float("inf"):
            spread[name] = (max(known) - min(known)) / 2 / middle
    # A median would hide the sales that one round of three lost.
    values["lost_sales"] = max(figures["lost_sales"] or 0 for figures in cell)
    contended = buyers > 1 and (values["contended_share"] or 0) >= CONTENDED_SHARE_MIN
    if buyers > 1 and not contended:
        values.update(dict.fromkeys(RATIOS))  # without contention there is no price
    return Row(
        variant,
        buyers,
        values,
        spread,
        contended,
        kill_safety(variant.store, variant.guard, variant.lock),
        tuple(figures["sales_per_s"] or 0.0 for figures in cell),
    )


def _rounded(value: float | None) -> float | None:
    if value is None or value == float("inf"):
        return None
    return value if isinstance(value, int) else float(f"{value:.5g}")
