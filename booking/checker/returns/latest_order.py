"""Order orders and refunds that no operation observes: as late as they may be, and no earlier.

The count must stay between 0 and the tickets at the start. Time goes from return to return. What
must have happened by then happens, and what that needs happens first: a refund where nothing is
left, an order where nothing is sold. Of those that have begun, the one with the earliest return is
taken, one of unknown outcome last. For orders of one quantity this finds an order if there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from booking.checker.operations import Op


class _Waiting:
    """Operations that have begun, the earliest return first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, bool, int, Op]] = []

    def add(self, x: Op) -> None:
        """Add an operation that has begun."""
        heappush(self._heap, (x.returned, x.what.startswith("maybe"), x.index, x))

    def first(self) -> Op | None:
        """Return the one to be taken next."""
        return self._heap[0][3] if self._heap else None

    def is_due(self, now: float) -> bool:
        """Whether one must have happened by now."""
        return bool(self._heap) and self._heap[0][0] <= now and not self._heap[0][1]

    def take(self) -> Op:
        """Take the next one."""
        return heappop(self._heap)[3]


def latest_order(ops: Sequence[Op], tickets: int) -> list[Op] | None:
    """Return an order that keeps the count in its bounds, or None where none was found."""
    by_invoke = sorted((x for x in ops if x.quantity), key=lambda x: x.invoked)
    returns = sorted({x.returned for x in by_invoke if not x.what.startswith("maybe")})
    takers, givers = _Waiting(), _Waiting()
    order: list[Op] = []
    count, begun = tickets, 0
    for now in returns:
        while begun < len(by_invoke) and by_invoke[begun].invoked <= now:
            x = by_invoke[begun]
            (givers if x.gives_back else takers).add(x)
            begun += 1
        while takers.is_due(now) or givers.is_due(now):
            taken = _next(takers, givers, count, tickets, now)
            if taken is None:
                return None
            order.append(taken)
            count += taken.quantity if taken.gives_back else -taken.quantity
    return order


def _next(takers: _Waiting, givers: _Waiting, count: int, tickets: int, now: float) -> Op | None:
    """Take what must happen by now if it can, else what makes room for it."""
    taker, giver = takers.first(), givers.first()
    can_take = taker is not None and taker.quantity <= count
    can_give = giver is not None and count + giver.quantity <= tickets
    if can_take and takers.is_due(now):
        return takers.take()
    if can_give and (givers.is_due(now) or takers.is_due(now)):
        return givers.take()
    if can_take and givers.is_due(now):
        return takers.take()
    return None
