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
from booking.bench.plan import Plan
from booking.core.registry import unknown
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

    def checks(self, rows: Sequence[Row]) -> list[Check]:
        """Hold the threshold against each row that it means; one check that is missed for none."""
        meant = [
            row
            for row in rows
            if self.name in row.variant.names and self.buyers in {None, row.buyers}
        ]
        if not meant:
            return [Check(self, None, None, met=False)]
        return [self._check(row) for row in meant]

    def _check(self, row: Row) -> Check:
        value = row.values[self.metric]
        return Check(self, row, value, value is not None and SIGNS[self.sign](value, self.bound))


@dataclass(frozen=True, slots=True)
class Check:
    """A threshold held against one row: the value there, and whether it meets the threshold."""

    threshold: Threshold
    row: Row | None  # None: no row of that name was measured
    value: float | None  # None: the row has no such figure
    met: bool

    @property
    def what(self) -> str:
        """What was seen, in words."""
        if self.row is None:
            return "nothing was measured"
        shown = "not to be had" if self.value is None else f"{self.value:.4g}"
        return f"{self.row.title} has {shown}"

    @property
    def line(self) -> str:
        """The threshold, and what was seen."""
        return f"{self.threshold.text}: {self.what}"

    @property
    def margin(self) -> float:
        """How far the value is from the bound, as a share of the bound; infinite without one."""
        bound = self.threshold.bound
        if self.value is None or not bound:
            return inf
        return abs(self.value - bound) / abs(bound)

    def document(self) -> dict[str, object]:
        """Return the check as JSON has it."""
        row = self.row
        return {
            "threshold": self.threshold.text,
            "row": row and row.variant.label,
            "buyers": row and row.buyers,
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
    return Threshold(
        text.strip(), name, int(buyers) if buyers else None, metric,
        match["sign"], float(match["bound"]),
    )  # fmt: skip
