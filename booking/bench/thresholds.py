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

from booking.bench.aggregate import METRICS, Row
from booking.bench.plan import Plan
from booking.core.spelling import unknown
from booking.errors import UsageError

_FORM = re.compile(
    r"\s*(?P<name>[\w/=:-]+)(?:@(?P<buyers>\d{1,6}))?\.(?P<metric>\w+)"
    r"\s*(?P<sign>>=|<=|==|>|<)\s*(?P<bound>-?\d+(?:\.\d+)?)\s*",
    re.ASCII,
)
SIGNS = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Threshold:
    """One demand on the rows of a benchmark."""

    text: str
    name: str
    buyers: int | None
    metric: str
    sign: str
    bound: float

    def misses(self, rows: Sequence[Row]) -> list[str]:
        """Return a line for each row that misses the threshold."""
        meant = [
            row
            for row in rows
            if self.name in row.variant.names and self.buyers in {None, row.buyers}
        ]
        if not meant:
            return [f"{self.text}: nothing was measured"]
        return [line for row in meant if (line := self._miss(row)) is not None]

    def _miss(self, row: Row) -> str | None:
        value = row.values[self.metric]
        if value is not None and SIGNS[self.sign](value, self.bound):
            return None
        shown = "not to be had" if value is None else f"{value:.4g}"
        return f"{self.text}: {row.variant.label} with {row.buyers} buyers has {shown}"


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
    return Threshold(
        text.strip(), name, int(buyers) if buyers else None, metric,
        match["sign"], float(match["bound"]),
    )  # fmt: skip
