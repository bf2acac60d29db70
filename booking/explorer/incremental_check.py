"""What can be said of a sale before it is over: the anomalies that nothing to come can mend.

The tally follows the exact check of a ticket counter step by step. An operation has a place in
the order of the counter: the sale of ticket t of N stands at 2(N − t) + 1, an observation of
v tickets at 2(N − v). A sale is linearizable exactly when no operation which ended before
another began stands behind it, no ticket is sold twice, and none is missing at the end. So it
is enough to remember, of what has ended, the furthest place (`floor`) and the tickets sold;
and of each open operation the floor at which it began. Once a ticket was sold twice all that
is forgotten: no continuation is sound, so the states merge again.
"""

from __future__ import annotations

from typing import NamedTuple

from booking.core.protocols import SOLD_OUT
from booking.core.verdict import AnomalyName
from booking.explorer.transition import Done

TORN_READ = "torn-read"


class CounterState(NamedTuple):
    """What is known of the operations that have ended."""

    floor: int = 0
    sold: int = 0  # bit t − 1: ticket t is sold
    found: frozenset[AnomalyName] = frozenset()

    @property
    def lost(self) -> bool:
        """Whether the order of the counter is broken for good."""
        return self.floor < 0


class Unordered(Exception):  # noqa: N818 - an answer, not an error
    """A sale that names no ticket has no place in the order: states must not merge."""


def counted(tally: CounterState, done: Done, floor: int, tickets: int) -> CounterState:
    """Give the tally after an operation that began at `floor` has ended."""
    if done.error == TORN_READ:
        return tally._replace(found=tally.found | {AnomalyName.TORN_READ})
    if tally.lost:
        return tally
    if done.f == "buy" and done.type == "ok":
        return _bought(tally, done, floor, tickets)
    if done.type == "ok":
        return _observed(tally, 2 * (tickets - (done.value or 0)), floor)
    if done.error == SOLD_OUT:
        # Fewer than `quantity` were left: as early as that can be, and not before it began.
        return _observed(tally, max(floor, 2 * (tickets - done.quantity + 1)), floor)
    return tally


def _bought(tally: CounterState, done: Done, floor: int, tickets: int) -> CounterState:
    if done.value is None:
        raise Unordered
    first = 2 * (tickets - done.value) + 1
    last = first + 2 * (done.quantity - 1)
    if first < 1 or last > 2 * tickets - 1:
        return _broken(tally, AnomalyName.OVERSELL)
    bits = ((1 << done.quantity) - 1) << (done.value - done.quantity)
    if tally.sold & bits:
        return _broken(tally, AnomalyName.DOUBLE_SOLD)
    if first < floor:
        return _broken(tally, AnomalyName.NOT_LINEARIZABLE)
    return CounterState(max(tally.floor, last), tally.sold | bits, tally.found)


def _observed(tally: CounterState, place: int, floor: int) -> CounterState:
    if place < floor:
        return _broken(tally, AnomalyName.STALE_READ)
    return tally._replace(floor=max(tally.floor, place))


def _broken(tally: CounterState, name: AnomalyName) -> CounterState:
    return CounterState(-1, 0, tally.found | {name})
