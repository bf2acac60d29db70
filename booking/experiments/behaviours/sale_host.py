"""The interpreter in which a purchase function is sold with: `python -m` this module."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain

from booking.core.verdict import Outcome
from booking.core.wording import counted
from booking.errors import BookingError
from booking.experiments.behaviours.crowd import Crowd, crowd_of
from booking.experiments.behaviours.host_process import Progress, serve
from booking.experiments.behaviours.sale import (
    BehaviourSale,
    Pressure,
    SalePurchase,
    SaleRound,
    SaleSpec,
)
from booking.processes.behaviour_buyer import Bought
from booking.processes.purchase_worker import Purchase

CERTAIN = {
    "double-sold",
    "oversell",
    "negative-stock",
    "lost-update",
}  # whatever a buyer that ended midway did


def main() -> None:
    """Sell as standard input asks for; write messages to standard output."""
    serve(SaleSpec, sell)


@dataclass(slots=True)
class _Sale:
    """What the rounds so far have shown."""

    rounds: int = 0
    violating: int = 0
    sold: int = 0
    last: SaleRound = field(default_factory=lambda: SaleRound(0, None, []))
    anomalies: dict[str, str] = field(default_factory=dict)
    ended: dict[int, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    within_ms: float = 0.0
    overlap_max: int = 0
    selling_ns: int = 0
    stopped: str | None = None  # why there is no further round


def sell(spec: SaleSpec, progress: Progress) -> BehaviourSale:
    """Sell round after round, until one breaks; raise `BookingError` where that is not possible."""
    start_s, sale = time.monotonic(), _Sale()
    with crowd_of(spec.functions) as crowd:
        while sale.rounds < spec.rounds and not (sale.violating or sale.stopped):
            _round(crowd, spec, sale)
            progress(sale.rounds, spec.rounds)
    return result_of(spec, sale, time.monotonic() - start_s)


def result_of(spec: SaleSpec, sale: _Sale, elapsed_s: float) -> BehaviourSale:
    """Return what the rounds have shown, decided."""
    outcome, reason = _verdict(spec, sale)
    return BehaviourSale(
        verdict=outcome, reason=reason, anomalies=sale.anomalies, rounds=sale.rounds,
        violating_rounds=sale.violating, last=sale.last, sold=sale.sold,
        answers=dict(sale.answers), ended=sale.ended,
        pressure=Pressure(sale.within_ms, sale.overlap_max, sale.answers["sold-out"]),
        selling_s=sale.selling_ns / 1e9, elapsed_s=elapsed_s,
    )  # fmt: skip


def _round(crowd: Crowd, spec: SaleSpec, sale: _Sale) -> None:
    """Fill the inventory, have all buyers buy once at once, and look at what came of it."""
    try:
        tickets = crowd.fill(spec.timeout_s)
    except BookingError as error:
        if not sale.rounds:
            raise
        sale.stopped = f"before round {sale.rounds + 1} {error}; is a transaction left open?"
        return
    found, ended, opened_ns = crowd.sell(crowd.buyers, spec.timeout_s)
    sale.rounds += 1
    sale.ended |= ended
    purchases = _purchases(found, ended, opened_ns)
    answers = [one.bought for one in sorted(purchases, key=lambda one: one.buyer)]
    sale.answers.update(answer.result for answer in answers)
    sale.last = SaleRound(tickets, None, purchases)
    sale.sold += sale.last.sold
    _press(sale, purchases, opened_ns)
    if ended:
        number, how = next(iter(ended.items()))
        sale.stopped = f"in round {sale.rounds} buyer {number} {how}"
    try:
        remaining, anomalies = crowd.look(tickets, answers, spec.timeout_s)
    except BookingError as error:
        sale.stopped = sale.stopped or f"behind round {sale.rounds} {error}"
        return
    sale.last = SaleRound(tickets, remaining, purchases)
    if ended:  # what a buyer held that ended midway comes back later
        anomalies = {name: text for name, text in anomalies.items() if name in CERTAIN}
    if anomalies:
        sale.anomalies = anomalies
        sale.violating += 1


def _purchases(
    found: list[list[Purchase]], ended: dict[int, str], opened_ns: int
) -> list[SalePurchase]:
    purchases = [
        SalePurchase(number, one.begun_ns, one.ended_ns, one.bought)
        for number, done in enumerate(found) for one in done
    ]  # fmt: skip
    purchases += [
        SalePurchase(number, opened_ns, None, Bought("unknown", error=how))
        for number, how in ended.items()
    ]
    return sorted(purchases, key=lambda one: one.begun_ns)


def _press(sale: _Sale, purchases: list[SalePurchase], opened_ns: int) -> None:
    """Measure how close the purchases of a round came together."""
    begun = [one.begun_ns for one in purchases]
    ended = [one.ended_ns for one in purchases if one.ended_ns is not None]
    within_ms = (max(begun) - min(begun)) / 1e6
    sale.within_ms = within_ms if sale.rounds == 1 else min(sale.within_ms, within_ms)
    sale.selling_ns += max(ended, default=opened_ns) - opened_ns
    at_once = 0
    moments = sorted(chain(((at, 1) for at in begun), ((at, -1) for at in ended)))
    for _, change in moments:
        at_once += change
        sale.overlap_max = max(sale.overlap_max, at_once)


def _verdict(spec: SaleSpec, sale: _Sale) -> tuple[Outcome, str]:
    if sale.anomalies:
        return Outcome.INVALID, next(iter(sale.anomalies.values()))
    if sale.stopped is not None:
        return Outcome.UNKNOWN, sale.stopped
    if not sale.answers["sold"]:
        reason = "no purchase was answered with a ticket, so nothing was at stake"
        failed = [one.bought.error for one in sale.last.purchases if one.bought.error]
        return Outcome.UNKNOWN, reason + (f"; one ended with {failed[0]}" if failed else "")
    if spec.functions.buyers == 1:
        return Outcome.UNKNOWN, "there was one buyer, so nothing was at stake; give --buyers 2"
    if sale.overlap_max <= 1:
        return Outcome.UNKNOWN, (
            "no two purchases overlapped, so nothing was at stake; give more --buyers or --rounds"
        )
    rounds = counted(sale.rounds, "round")
    return Outcome.VALID, f"{rounds} without a violation; that is no proof: explore it"


if __name__ == "__main__":
    main()
