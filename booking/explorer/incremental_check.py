"""Check a sale step by step: find the anomalies that no later step can undo.

The check follows the exact check of a ticket counter. An operation has a place in the order of
the counter: the sale of ticket t of N stands at 2(N − t) + 1, an observation of v tickets at
2(N − v). A sale is linearizable exactly when three things hold: no operation that ended before
another began stands behind it, no ticket is sold twice, and none is missing at the end.

So it is enough to remember the furthest place of what has ended (`watermark`), the tickets sold,
and for each open operation the watermark at which it began. Once a ticket was sold twice all that
is forgotten: no continuation is sound, so the states merge again.
"""

from __future__ import annotations

from typing import NamedTuple

from booking.core.order_execution import BUY, TORN_READ
from booking.core.protocols import SOLD_OUT
from booking.core.verdict import AnomalyName
from booking.explorer.transition import CompletedOperation


class CounterState(NamedTuple):
    """What is known of the operations that have ended."""

    watermark: int = 0
    sold: int = 0  # bit t − 1: ticket t is sold
    anomalies: frozenset[AnomalyName] = frozenset()
    lost: bool = False  # no order of the counter explains the operations any more


class Unordered(Exception):  # noqa: N818 - an answer, not an error
    """A sale without a ticket's number has no place in the order: states must not merge."""


def updated(
    counter: CounterState, operation: CompletedOperation, watermark: int, tickets: int
) -> CounterState:
    """Return the counter's state after an operation that began at `watermark` has ended."""
    if operation.error == TORN_READ:
        return counter._replace(anomalies=counter.anomalies | {AnomalyName.TORN_READ})
    if counter.lost:
        return counter
    if operation.f == BUY and operation.type == "ok":
        return _bought(counter, operation, watermark, tickets)
    if operation.type == "ok":
        count = operation.value if isinstance(operation.value, int) else 0
        return _observed(counter, 2 * (tickets - count), watermark)
    if operation.error == SOLD_OUT:
        # Fewer than `quantity` were left: as early as that can be, and not before it began.
        return _observed(counter, max(watermark, 2 * (tickets - operation.quantity + 1)), watermark)
    return counter


def _bought(
    counter: CounterState, operation: CompletedOperation, watermark: int, tickets: int
) -> CounterState:
    if not isinstance(operation.value, int):
        raise Unordered
    first = 2 * (tickets - operation.value) + 1
    last = first + 2 * (operation.quantity - 1)
    if first < 1 or last > 2 * tickets - 1:
        return _lost(counter, AnomalyName.OVERSELL)
    bits = ((1 << operation.quantity) - 1) << (operation.value - operation.quantity)
    if counter.sold & bits:
        return _lost(counter, AnomalyName.DOUBLE_SOLD)
    if first < watermark:
        return _lost(counter, AnomalyName.NOT_LINEARIZABLE)
    return CounterState(max(counter.watermark, last), counter.sold | bits, counter.anomalies)


def _observed(counter: CounterState, place: int, watermark: int) -> CounterState:
    if place < watermark:
        return _lost(counter, AnomalyName.STALE_READ)
    return counter._replace(watermark=max(counter.watermark, place))


def _lost(counter: CounterState, name: AnomalyName) -> CounterState:
    return CounterState(anomalies=counter.anomalies | {name}, lost=True)
