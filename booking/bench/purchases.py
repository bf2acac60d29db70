"""Price purchase functions: what is asked for, and the figures of each beside the others.

Every buyer buys again and again until nothing is left; then the inventory is filled anew, for as
long as a round lasts. Filling it is not in the figures. The functions take turns in every round, so
that a machine that slows down slows all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import msgspec

from booking.bench.metrics import CONTENDED_SHARE_MIN
from booking.bench.plan import DURATION_MIN_S, ROUNDS_MAX
from booking.errors import UsageError
from booking.experiments.behaviours.exploration import BehaviourSpec
from booking.experiments.behaviours.host_process import Progress, ask
from booking.experiments.behaviours.sale import BUYERS_MAX

HOST = "booking.bench.purchases_host"
BUYERS = (1, 2, 10)
FIGURES = ("sales_per_s", "wait_p50_ms", "wait_p99_ms")


class PurchasePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to price: functions, each with each number of buyers, in rounds."""

    functions: BehaviourSpec  # its behaviour is the first of all
    behaviours: list[str]
    buyers: list[int]
    rounds: int
    duration_s: float


class PurchaseSample(msgspec.Struct, frozen=True, kw_only=True):
    """One function with one number of buyers in one round."""

    behaviour: str
    buyers: int
    turn: int
    sales_per_s: float
    wait_p50_ms: float  # of purchases that were sold a ticket
    wait_p99_ms: float
    sold: int
    oversold: int  # beyond the tickets that there were
    lost_sales: int  # sold without making the count fall
    failed: int  # purchases that ended in an exception
    contended_share: float
    anomalies: list[str]


class PurchasesMeasured(msgspec.Struct, frozen=True):
    """All samples, and why functions could not be measured to the end."""

    samples: list[PurchaseSample]
    failed: dict[str, str]


class PurchaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One function with one number of buyers, over all rounds: medians, of faults the most."""

    behaviour: str
    buyers: int
    sales_per_s: float
    ratio_to_first: float | None
    wait_p50_ms: float
    wait_p99_ms: float
    sold: int
    oversold: int
    lost_sales: int
    failed: int
    anomalies: list[str]
    contended: bool
    spread: float

    @property
    def sound(self) -> bool:
        """Whether nothing was wrong in any round."""
        return not self.anomalies


def measure_purchases(plan: PurchasePlan, progress: Progress) -> PurchasesMeasured:
    """Measure; raise `BookingError` where the functions cannot be used."""
    if len(set(plan.behaviours)) < len(plan.behaviours):
        raise UsageError("--behaviour: each function once")
    if not plan.buyers or min(plan.buyers) < 1 or max(plan.buyers) > BUYERS_MAX:
        raise UsageError(f"--buyers: from 1 to {BUYERS_MAX}")
    if not 1 <= plan.rounds <= ROUNDS_MAX:
        raise UsageError(f"--rounds: from 1 to {ROUNDS_MAX}, not {plan.rounds}")
    if plan.duration_s < DURATION_MIN_S:
        raise UsageError(f"--time: at least {DURATION_MIN_S * 1000:.0f}ms, or nothing is measured")
    return ask(HOST, plan, PurchasesMeasured, plan.functions.path, progress)


def purchase_rows(plan: PurchasePlan, samples: Sequence[PurchaseSample]) -> list[PurchaseRow]:
    """Return a row for each number of buyers and function, in their order."""
    rows = []
    for buyers in plan.buyers:
        for behaviour in plan.behaviours:
            mine = [one for one in samples if (one.behaviour, one.buyers) == (behaviour, buyers)]
            if mine:
                rows.append(_row(mine, samples, plan.behaviours[0]))
    return rows


def _row(
    mine: Sequence[PurchaseSample], samples: Sequence[PurchaseSample], first: str
) -> PurchaseRow:
    speeds = [one.sales_per_s for one in mine]
    firsts = {
        one.turn: one.sales_per_s
        for one in samples
        if one.behaviour == first and one.buyers == mine[0].buyers
    }
    ratios = [one.sales_per_s / firsts[one.turn] for one in mine if firsts.get(one.turn)]
    middle = median(speeds)
    share = median(one.contended_share for one in mine)
    return PurchaseRow(
        behaviour=mine[0].behaviour, buyers=mine[0].buyers, sales_per_s=middle,
        ratio_to_first=median(ratios) if ratios else None,
        wait_p50_ms=median(one.wait_p50_ms for one in mine),
        wait_p99_ms=median(one.wait_p99_ms for one in mine),
        sold=sum(one.sold for one in mine), oversold=max(one.oversold for one in mine),
        lost_sales=max(one.lost_sales for one in mine), failed=max(one.failed for one in mine),
        anomalies=sorted({name for one in mine for name in one.anomalies}),
        contended=mine[0].buyers > 1 and share >= CONTENDED_SHARE_MIN,
        spread=(max(speeds) - min(speeds)) / 2 / middle if middle else 0.0,
    )  # fmt: skip


def purchases_document(
    plan: PurchasePlan, rows: Sequence[PurchaseRow], failed: dict[str, str]
) -> dict[str, Any]:
    """Return the figures as data for scripts."""
    return {
        "rounds": plan.rounds,
        "rows": msgspec.to_builtins(list(rows)),
        "failed": [f"{name}: {why}" for name, why in failed.items()],
    }
