"""Thresholds: `lock.ratio_to_bare>=0.4`, `clerk@100.ratio_to_limit>=6`.

A threshold names a guard or a lock (`lock`, `flock`, `lock=flock`, `json/clerk`), a number of
buyers or all, a metric and a comparison. Every row of that name must meet it. An unknown name is
an error before anything runs. A figure without a value is a miss: no threshold is passed unseen.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from booking.bench.aggregate import METRICS, Row
from booking.bench.plan import Plan, Variant
from booking.core.spelling import unknown
from booking.errors import UsageError

_FORM = re.compile(
    r"\s*(?P<name>[\w/=:.@-]+?)(?:@(?P<buyers>\d{1,6}))?\.(?P<metric>\w+)"
    r"\s*(?P<sign>>=|<=|==|>|<)\s*(?P<bound>-?\d+(?:\.\d+)?)\s*",
    re.ASCII,
)
SIGNS = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


DIGITS, DIGITS_MAX = 4, 17


@dataclass(frozen=True, slots=True)
class Threshold:
    """One demand on the rows of a benchmark."""

    text: str
    metric: str
    sign: str
    bound: float
    cells: tuple[tuple[Variant, int], ...]  # the rows that it means, each with its buyers
    stores: int  # that the benchmark compares

    def checks(self, rows: Sequence[Row]) -> list[Check]:
        """Hold the threshold against each row that it means; one that was not measured misses."""
        measured = {(row.variant, row.buyers): row for row in rows}
        if not measured.keys() & set(self.cells):
            return [Check(self, None, None, None, met=False)]
        return [self._check(*cell, measured.get(cell)) for cell in self.cells]

    def _check(self, variant: Variant, buyers: int, row: Row | None) -> Check:
        value = row.values[self.metric] if row is not None else None
        met = value is not None and SIGNS[self.sign](value, self.bound)
        return Check(self, variant, buyers, value, met)


@dataclass(frozen=True, slots=True)
class Check:
    """A threshold held against one row: the value there, and whether it meets the threshold."""

    threshold: Threshold
    variant: Variant | None  # None: no row of that name was measured
    buyers: int | None
    value: float | None  # None: the row has no such figure, or was not measured
    met: bool

    @property
    def what(self) -> str:
        """What was seen, in words."""
        if self.variant is None or self.buyers is None:
            return "nothing was measured"
        shown = "no such figure" if self.value is None else self._shown(self.value)
        plural = "s" * (self.buyers > 1)
        title = self.variant.title(self.threshold.stores)
        return f"{title} with {self.buyers} buyer{plural} has {shown}"

    @property
    def line(self) -> str:
        """The threshold, and what was seen."""
        return f"{self.threshold.text}: {self.what}"

    @property
    def margin(self) -> float:
        """How far the value is from the bound."""
        return inf if self.value is None else abs(self.value - self.threshold.bound)

    def _shown(self, value: float) -> str:
        """Return the value with as many digits as tell it from the bound."""
        if value == inf:
            return "∞"
        shown = value
        for digits in range(DIGITS, DIGITS_MAX):
            shown = float(f"{value:.{digits}g}")
            if shown != self.threshold.bound or value == self.threshold.bound:
                break
        return f"{shown:,.0f}" if shown.is_integer() else f"{shown:,}"

    def document(self) -> dict[str, object]:
        """Return the check as JSON has it."""
        return {
            "threshold": self.threshold.text,
            "row": self.variant and self.variant.title(self.threshold.stores),
            "buyers": self.buyers,
            "value": None if self.value is None or self.value == inf else self.value,
            "met": self.met,
        }


def parse(text: str, plan: Plan) -> Threshold:
    """Parse a threshold; raise `UsageError` for a name that the plan does not have."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise UsageError(f"--require {text!r}: write it as NAME[@BUYERS].METRIC>=NUMBER")
    name, metric, buyers = match["name"], match["metric"], match["buyers"]
    known = sorted(set().union(*(variant.names for variant in plan.variants)))
    if name not in known:
        raise UsageError(f"--require {text!r}: {unknown('row', name, known)}")
    if metric not in METRICS:
        raise UsageError(f"--require {text!r}: {unknown('metric', metric, METRICS)}")
    if buyers is not None and int(buyers) not in plan.buyers:
        counts = ", ".join(map(str, plan.buyers))
        raise UsageError(f"--require {text!r}: no row has {buyers} buyers; there are {counts}")
    cells = tuple(
        (variant, count)
        for count in plan.buyers
        for variant in plan.variants
        if name in variant.names and (buyers is None or int(buyers) == count)
    )
    return Threshold(
        text.strip(), metric, match["sign"], float(match["bound"]), cells, len(plan.stores)
    )
