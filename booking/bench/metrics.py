"""Compute the figures of one sale from its history. Pure: the tests know every answer.

Waiting percentiles are by nearest rank, over orders that were answered. Orders without an answer
are not in them, so the number of buyers without a sale stands beside them. Jain's index of
fairness is (Σx)² / (n·Σx²) over the tickets of each buyer. It is 1 when all got the same, and 1/n
when one buyer got everything.
(Jain, Chiu, Hawe: A Quantitative Measure of Fairness, DEC-TR-301, 1984.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from booking.history.model import History, Operation

RAMP_SHARE = 0.25
CONTENDED_SHARE_MIN = 0.05  # of the orders met another buyer's


@dataclass(frozen=True, slots=True)
class Figures:
    """What one sale showed; waits in milliseconds, CPU in microseconds a ticket sold."""

    sales_per_s: float
    wait_p50_ms: float
    wait_p99_ms: float
    wait_max_ms: float
    makespan_ms: float  # until the last buyer was done
    jain: float
    most_to_least: float  # tickets of the luckiest buyer to those of the least lucky
    buyers_without_a_sale: int
    cpu_us_per_sale: float
    lost_sales: int  # orders that could have been served and did not make the count fall
    failed: int  # orders that ended in no sale, or whose outcome is unknown
    retried: int  # reads of the inventory beyond the one that an order needs
    contended_share: float  # of the orders: those that met another buyer's


def figures(history: History, buyers: int, cpu_ns: int) -> Figures:
    """Return the figures of a sale of a known number of buyers."""
    every = [operation for operation in history.operations() if operation.invoke.f == "buy"]
    orders = settled(every, buyers)
    done = [order for order in orders if order.complete is not None and order.outcome != "info"]
    sold = [order for order in done if order.outcome == "ok"]
    tickets = [0] * buyers
    for order in sold:
        tickets[int(order.invoke.process)] += order.invoke.quantity
    waits_ms = sorted(_ns(order) / 1e6 for order in done)
    span_ns = _span_ns(done)
    return Figures(
        sales_per_s=sum(tickets) * 1e9 / span_ns if span_ns else 0.0,
        wait_p50_ms=percentile(waits_ms, 0.5),
        wait_p99_ms=percentile(waits_ms, 0.99),
        wait_max_ms=waits_ms[-1] if waits_ms else 0.0,
        makespan_ms=_span_ns([order for order in every if order.complete]) / 1e6,
        jain=jain(tickets),
        most_to_least=max(tickets) / min(tickets) if min(tickets) else float("inf"),
        buyers_without_a_sale=tickets.count(0),
        cpu_us_per_sale=cpu_ns / 1e3 / max(1, sum(o.outcome == "ok" for o in every)),
        lost_sales=lost(history, every),
        failed=sum(order.outcome != "ok" for order in every),
        retried=max(0, _reads(history) - len(every)),
        contended_share=overlapping(orders),
    )


def settled(orders: Sequence[Operation], buyers: int) -> Sequence[Operation]:
    """Return the orders that began after the first quarter of the time.

    A forked buyer copies each page that it touches first: hundreds of microseconds which belong
    to starting and not to selling. Where a buyer has no order after that, all orders count.
    """
    if not orders:
        return orders
    first = min(order.invoke.time for order in orders)
    last = max(order.invoke.time for order in orders)
    begin = first + (last - first) * RAMP_SHARE
    later = [order for order in orders if order.invoke.time >= begin]
    return later if len({order.invoke.process for order in later}) == buyers else orders


def percentile(ascending: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of all are not above; 0 of nothing."""
    return ascending[max(0, ceil(share * len(ascending)) - 1)] if ascending else 0.0


def jain(shares: Sequence[float]) -> float:
    """Return Jain's index of fairness; 1 where no buyer got a ticket."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0


def lost(history: History, orders: Sequence[Operation]) -> int:
    """Count the tickets that could have been sold and were not: refused, or sold twice.

    Every order should make the count fall, as long as tickets are left. An unguarded sale answers
    `ok` without that; a cautious guard refuses buyers while tickets are left.
    """
    if history.tickets is None or history.remaining is None:
        return 0
    wanted = sum(order.invoke.quantity for order in orders)
    return max(0, min(wanted, history.tickets) - (history.tickets - history.remaining))


def overlapping(orders: Sequence[Operation]) -> float:
    """Return the share of orders that overlap another: one began before the other had ended."""
    met, end_ns = set(), 0
    last = -1
    for at, order in sorted(enumerate(orders), key=lambda pair: pair[1].invoke.time):
        if order.invoke.time < end_ns:
            met |= {at, last}
        complete_ns = order.complete.time if order.complete else order.invoke.time
        if complete_ns > end_ns:
            end_ns, last = complete_ns, at
    return len(met) / len(orders) if orders else 0.0


def _ns(order: Operation) -> int:
    return order.complete.time - order.invoke.time if order.complete else 0


def _span_ns(done: Sequence[Operation]) -> int:
    if not done:
        return 0
    last = max(order.complete.time for order in done if order.complete)
    return last - min(order.invoke.time for order in done)


def _reads(history: History) -> int:
    return sum(
        event.type == "step" and event.f == "read" and isinstance(event.process, int)
        for event in history.events
    )
