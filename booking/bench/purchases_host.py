"""The interpreter in which purchase functions are priced: `python -m` this module."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from booking.bench.metrics import percentile
from booking.bench.purchases import PurchasePlan, PurchaseSample, PurchasesMeasured
from booking.errors import BookingError
from booking.experiments.behaviours.crowd import Crowd, crowd_of
from booking.experiments.behaviours.host_process import Progress, serve
from booking.processes.purchase_worker import Purchase, PurchaseWorker

TIMEOUT_S = 30.0  # for a purchase, beyond the time of a round
FILLS_MAX = 1000  # of the inventory in one round


def main() -> None:
    """Measure what standard input asks for; write messages to standard output."""
    serve(PurchasePlan, measure)


class UnmeasurableError(Exception):
    """A function could not be measured to the end; the message says why."""


@dataclass(slots=True)
class _Cell:
    """What one round of one function with one number of buyers has shown so far."""

    spans_ns: int = 0
    sold: int = 0
    oversold: int = 0
    lost: int = 0
    failed: int = 0
    purchases: int = 0
    met: int = 0
    waits_ms: list[float] = field(default_factory=list)
    anomalies: set[str] = field(default_factory=set)


def measure(plan: PurchasePlan, progress: Progress) -> PurchasesMeasured:
    """Measure every function in turns, round after round."""
    samples: list[PurchaseSample] = []
    failed: dict[str, str] = {}
    most = max(plan.buyers)
    total = plan.rounds * len(plan.buyers) * len(plan.behaviours)
    with crowd_of(msgspec.structs.replace(plan.functions, buyers=most), plan.behaviours) as crowd:
        turns = [
            (turn, buyers, at, behaviour)
            for turn in range(plan.rounds)
            for buyers in plan.buyers
            for at, behaviour in enumerate(plan.behaviours)
        ]
        for done, (turn, buyers, at, behaviour) in enumerate(turns, 1):
            if behaviour not in failed:
                those = crowd.buyers[at * most : at * most + buyers]
                try:
                    cell = _measured(crowd, those, plan.duration_s)
                except UnmeasurableError as error:
                    failed[behaviour] = f"with {buyers} buyers {error}"
                else:
                    samples.append(_sample(behaviour, buyers, turn, cell))
            progress(done, total)
    return PurchasesMeasured(samples, failed)


def _measured(crowd: Crowd, those: Sequence[PurchaseWorker], duration_s: float) -> _Cell:
    """Sell out again and again, for so long."""
    cell, start_s = _Cell(), time.monotonic()
    for _ in range(FILLS_MAX):
        left_s = duration_s - (time.monotonic() - start_s)
        if left_s <= 0:
            break
        try:
            tickets = crowd.fill(TIMEOUT_S)
            found, ended, opened_ns = crowd.sell(those, TIMEOUT_S, left_s)
            if ended:
                number, how = next(iter(ended.items()))
                raise UnmeasurableError(f"buyer {number} {how}")
            done = [one for purchases in found for one in purchases]
            left, anomalies = crowd.look(tickets, [one.bought for one in done], TIMEOUT_S)
            cell.anomalies |= anomalies.keys()
        except BookingError as error:
            raise UnmeasurableError(str(error)) from None
        _add(cell, done, opened_ns, tickets, left)
    return cell


def _add(cell: _Cell, done: Sequence[Purchase], opened_ns: int, tickets: int, left: int) -> None:
    sold = [one for one in done if one.bought.result == "sold"]
    number = sum(one.bought.tickets for one in sold)
    cell.sold += number
    cell.oversold += max(number - tickets, 0)
    cell.lost += max(number - (tickets - left), 0)
    cell.failed += sum(one.bought.result == "unknown" for one in done)
    cell.waits_ms += [(one.ended_ns - one.begun_ns) / 1e6 for one in sold]
    cell.spans_ns += max((one.ended_ns for one in sold), default=opened_ns) - opened_ns
    cell.purchases += len(done)
    cell.met += _met(done)


def _met(done: Sequence[Purchase]) -> int:
    """Return how many purchases overlapped another one."""
    met: set[int] = set()
    last, last_ns = -1, 0
    for at, one in sorted(enumerate(done), key=lambda pair: pair[1].begun_ns):
        if one.begun_ns < last_ns:
            met |= {at, last}
        if one.ended_ns > last_ns:
            last, last_ns = at, one.ended_ns
    return len(met)


def _sample(behaviour: str, buyers: int, turn: int, cell: _Cell) -> PurchaseSample:
    waits_ms = sorted(cell.waits_ms)
    return PurchaseSample(
        behaviour=behaviour, buyers=buyers, turn=turn,
        sales_per_s=cell.sold * 1e9 / cell.spans_ns if cell.spans_ns else 0.0,
        wait_p50_ms=percentile(waits_ms, 0.5), wait_p99_ms=percentile(waits_ms, 0.99),
        sold=cell.sold, oversold=cell.oversold, lost_sales=cell.lost, failed=cell.failed,
        contended_share=cell.met / cell.purchases if cell.purchases else 0.0,
        anomalies=sorted(cell.anomalies),
    )  # fmt: skip


if __name__ == "__main__":
    main()
