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

from booking.contracts import SOLD_OUT
from booking.explore.effect import Done
from booking.verdict import AnomalyName


class Tally(NamedTuple):
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


def counted(tally: Tally, done: Done, floor: int, tickets: int) -> Tally:
    """Give the tally after an operation that began at `floor` has ended."""
    name: AnomalyName | None = None
    first = last = tally.floor
    sold = tally.sold
    if done.type == "ok" and done.f == "buy":
        if done.value is None:
            raise Unordered
        first = 2 * (tickets - done.value) + 1
        last = first + 2 * (done.quantity - 1)
        bits = ((1 << done.quantity) - 1) << max(0, done.value - done.quantity)
        if first < 1 or last > 2 * tickets - 1:
            name = AnomalyName.OVERSELL
        elif sold & bits:
            name = AnomalyName.DOUBLE_SOLD
        sold |= bits
    elif done.type == "ok":
        first = last = 2 * (tickets - (done.value or 0))
    elif done.error == SOLD_OUT:
        # Fewer than `quantity` were left: as early as that can be, and not before it began.
        first = last = max(floor, 2 * (tickets - done.quantity + 1))
    elif done.error == "torn-read":
        return tally._replace(found=tally.found | {AnomalyName.TORN_READ})
    else:
        return tally
    if tally.lost:
        return tally
    if name is None and first < floor:
        name = AnomalyName.STALE_READ if done.f == "search" else AnomalyName.NOT_LINEARIZABLE
    if name is not None:
        return Tally(-1, 0, tally.found | {name})
    return Tally(max(tally.floor, last), sold, tally.found)
