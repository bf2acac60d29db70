"""Thresholds: `lock.ratio_to_bare>=0.4`, `clerk@100.ratio_to_limit>=6`.

A guard or a lock by its name (`lock`, `flock`, `lock=flock`, `json/clerk`), perhaps a number of
buyers, a metric, a comparison. It holds for every row that is meant, or is missed. A name that
nothing has is an error before anything runs, and a value that could not be had is a miss: no
threshold is ever passed by not being looked at.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass

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

    def misses(self, rows: Sequence[Row]) -> list[str]:
        """Return a line for each row that does not meet it."""
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
    """Read a threshold; names that the plan does not have are errors."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(f"--require {text!r}: write it as NAME[@BUYERS].METRIC>=NUMBER")
    name, metric, buyers = found["name"], found["metric"], found["buyers"]
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
        found["sign"], float(found["bound"]),
    )  # fmt: skip
