"""Find two moments between which the count cannot have gone as it was seen to: O(n log n).

At most `left` tickets were there at one mark, at least `left` at a later one. In between, some
orders certainly ran as a whole and took tickets, while others may have run and brought some back.
What the later mark has beyond all that is an *excess*: no order of the operations explains it.

The sweep goes through the later marks in the order of time. It keeps the earlier marks that may
be the best partner. An order that is over adds its tickets to every mark before its invocation,
which is a prefix. So a mark that is no better than an earlier one stays no better, and is dropped.

Times are doubled, so that a moment right before or after an operation is an integer as well.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from booking.checker.operations import Op


class Mark(NamedTuple):
    """A bound on the count at some moment between two doubled times; `op` proves it, if any."""

    invoked: float
    returned: float
    left: int
    op: Op | None = None


class Running:
    """Orders by their times: how many tickets of them can lie between two moments."""

    def __init__(self, ops: Iterable[Op]) -> None:
        ops = list(ops)
        self.invoked, self.begun = _running_sum((2 * x.invoked, x.quantity) for x in ops)
        self.returned, self.over = _running_sum((2 * x.returned, x.quantity) for x in ops)

    def begun_by(self, moment: float) -> int:
        """Return the tickets of orders that had begun."""
        return self.begun[bisect_right(self.invoked, moment)]

    def over_before(self, moment: float) -> int:
        """Return the tickets of orders that had returned."""
        return self.over[bisect_left(self.returned, moment)]


def _running_sum(rows: Iterable[tuple[float, int]]) -> tuple[list[float], list[int]]:
    ordered = sorted(rows)
    return [time for time, _ in ordered], [0, *accumulate(tickets for _, tickets in ordered)]


class _Partners:
    """The earlier marks that may be the best partner of a later one, each better than the last.

    `rise[i]` is by how much mark i is better than the one kept before it. `after` leads from a
    dropped mark to the next one that may be kept (union-find, with paths halved).
    """

    def __init__(self) -> None:
        self.best = 0
        self.times: list[float] = []
        self.rise: list[int] = []
        self.after: list[int] = []

    def append(self, returned: float, value: int) -> None:
        """Add the mark that returned last."""
        row = len(self.times)
        kept = row == 0 or value > self.best
        self.times.append(returned)
        self.after.append(row if kept else row + 1)
        self.rise.append(value - self.best if kept else 0)
        if kept:
            self.best = value

    def add(self, tickets: int, before: float) -> None:
        """Add tickets to every mark that returned before a time."""
        row = bisect_left(self.times, before)
        if row == 0:
            return
        row = self._kept(row)
        while tickets and row < len(self.times):
            less = min(tickets, self.rise[row])
            self.rise[row] -= less
            tickets -= less
            if self.rise[row] == 0:
                self.after[row] = row + 1
                row = self._kept(row)
        self.best += tickets

    def best_row(self) -> int:
        """Return the row of the best mark: the last one that is kept."""
        return max(row for row, after in enumerate(self.after) if row == after)

    def _kept(self, row: int) -> int:
        after = self.after
        while row < len(after) and after[row] != row:
            if after[row] < len(after):
                after[row] = after[after[row]]
            row = after[row]
        return row


def first_excess(
    earlier: Iterable[Mark],
    later: Iterable[Mark],
    certain: Iterable[Op],
    possible: Sequence[Running],
) -> tuple[Mark, Mark] | None:
    """Return the first later mark with an excess, after its best partner; None where none has.

    `certain` lowers the count when it lies wholly between the two marks, `possible` raises it
    when it may lie between them.
    """
    tops = sorted(earlier, key=lambda mark: mark.returned)
    orders = sorted(certain, key=lambda x: x.returned)
    partners = _Partners()
    top = order = 0
    for mark in sorted(later, key=lambda mark: mark.invoked):
        now = mark.invoked
        while True:
            top_time = tops[top].returned if top < len(tops) else now
            order_time = 2 * orders[order].returned if order < len(orders) else now
            if top_time < now and top_time <= order_time:
                x = tops[top]
                over = sum(each.over_before(x.invoked) for each in possible)
                partners.append(x.returned, over - x.left)
                top += 1
            elif order_time < now:
                partners.add(orders[order].quantity, 2 * orders[order].invoked)
                order += 1
            else:
                break
        begun = sum(each.begun_by(mark.returned) for each in possible)
        if partners.times and partners.best + mark.left - begun > 0:
            return tops[partners.best_row()], mark
    return None
