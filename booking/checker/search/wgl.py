"""Search for an order where the matching does not reach: several quantities, observed refunds.

Deciding these is NP-hard (subset sum: which orders were served before the count read 17?). So this
is the general search of Wing & Gong 1993 with Lowe's memory of states (2017), within a budget.
What it finds is right either way; what it does not find within the budget is unknown.

It goes along the returns, in the order of time, and serves only what must be served by then
(just in time). Where only one operation can come next there is nothing to choose and nothing to
remember. Only states that turned out to be dead ends are remembered, and only they count against
the budget. Where every operation that began has returned the state is the only possible one: all
choices before it are settled, and the memory begins anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from math import inf

from booking.checker.operations import Op
from booking.checker.search.pending import Pending, Rows
from booking.checker.search.seat_stock import SeatStock

STATES_MAX = 200_000
CHECKPOINT = 32  # returns after which a path that may be a dead end is remembered as one
GAP_MAX = 65_536  # tickets: a count this much lower is tried with the sums of what is pending

_NOT_BEGUN, _BLOCKED, _PENDING, _SERVED = range(4)
_BEGIN, _BLOCK, _UNBLOCK, _SERVE = range(4)


class BudgetExceededError(Exception):
    """The search ended before it found an order or had tried all."""


class _Execution:
    """The operations that were served, the ones that can be, and the count that is left.

    `_trail` has each change of it, so that a choice can be undone: four kinds a row.
    """

    def __init__(self, rows: Rows, tickets: int, most: int | None) -> None:
        self.rows = rows
        self.pending = Pending(rows)
        self.count = tickets
        self.begun = 0  # rows that were invoked by now
        self.seeing = 0  # of these, how many observe the count, must be served and are not
        self.blocked = 0  # rows that wait for another operation of their process
        self._most = inf if most is None else most
        self._state = bytearray(len(rows))
        self._seats = SeatStock(rows.ops) if rows.seats else None  # None: seats have no say
        self._trail = array("q")

    def is_served(self, row: int) -> bool:
        """Return whether an operation was served."""
        return self._state[row] == _SERVED

    def order(self) -> list[Op]:
        """Return what was served, in that order."""
        ops = self.rows.ops
        return [ops[entry >> 2] for entry in self._trail if entry & 3 == _SERVE]

    def mark(self) -> int:
        """Return a mark for `undo`."""
        return len(self._trail)

    def begin_until(self, now: float) -> None:
        """Begin every operation that was invoked by now, and serve what is right already."""
        rows, row = self.rows, self.begun
        while row < len(rows) and rows.ops[row].invoked <= now:
            self.begun = row + 1
            self.seeing += rows.seeing[row]
            if row in rows.before and not self._has_served(rows.before[row]):
                self._state[row] = _BLOCKED
                self.blocked += 1
                self._trail.append(row << 2 | _BLOCK)
            else:
                self._enter(row, _BEGIN)
            row += 1

    def serve(self, row: int) -> None:
        """Serve one operation next, and then all that change nothing and are right."""
        self._serve(row)
        self._observe()

    @property
    def is_hopeless(self) -> bool:
        """Whether the count is lower than something proves that is still to come."""
        if self.rows.rises:
            return False
        proved = self.pending.proved
        return self.count < self.rows.proved_later[self.begun] or bool(
            proved and self.count < proved[-1]
        )

    def choices(self, due: int) -> Sequence[int]:
        """Return what may be served next, when `due` must be served before time goes on.

        An order is served before it is due only for the sake of one that observes the count. A
        count that only falls leaves no choice where an order needs the count as it is now.
        """
        rows, pending = self.rows, self.pending
        if self._seats is not None:
            return self._choices_of_seats(due, self._seats.seats)
        numbered = pending.numbered.get(self.count, [])
        if numbered and not rows.rises:
            return numbered if len(numbered) == 1 and self._fits(numbered[0]) else ()
        can_come = self._state[due] == _PENDING  # else it waits for one of its process
        if can_come and not self.seeing and self._fits(due) and self._is_roomy():
            return (due,)
        if not rows.rises and not self._is_reachable(due):
            return ()
        return [row for row in (*numbered, *pending.heads()) if self._fits(row)]

    def _choices_of_seats(self, due: int, seats: Sequence[int | str | None]) -> Sequence[int]:
        """Return what may be served next, what concerns the seat of `due` first."""
        seat, heads = seats[due], self.pending.heads()
        fitting = [row for row in heads if self._fits(row)]
        contested = seat is not None and any(seats[row] == seat for row in heads if row != due)
        if due in fitting and not (self.seeing or contested) and self._is_roomy():
            return (due,)
        return sorted(fitting, key=lambda row: (row != due, seats[row] != seat))

    def undo(self, mark: int) -> None:
        """Undo everything since a mark."""
        rows, trail, pending = self.rows, self._trail, self.pending
        while len(trail) > mark:
            entry = trail.pop()
            row, kind = entry >> 2, entry & 3
            if kind == _SERVE:
                self._state[row] = _PENDING
                if self._seats is not None:
                    self._seats.serve(row, -1)
                self.count -= rows.change[row]
                self.seeing += rows.seeing[row]
                pending.put_back(row)
                continue
            if kind == _BLOCK:
                self.blocked -= 1
            else:
                pending.remove(row)
            if kind == _UNBLOCK:
                self.blocked += 1
                self._state[row] = _BLOCKED
            else:
                self._state[row] = _NOT_BEGUN
                self.seeing -= rows.seeing[row]
                self.begun = row

    def _has_served(self, earlier: Iterable[int]) -> bool:
        return all(self._state[row] == _SERVED for row in earlier)

    def _enter(self, row: int, kind: int) -> None:
        self._state[row] = _PENDING
        self._trail.append(row << 2 | kind)
        self.pending.add(row)
        self._observe()

    def _serve(self, row: int) -> None:
        self._state[row] = _SERVED
        self._trail.append(row << 2 | _SERVE)
        if self._seats is not None:
            self._seats.serve(row)
        self.count += self.rows.change[row]
        self.seeing -= self.rows.seeing[row]
        self.pending.take(row)
        for later in self.rows.after.get(row, ()):
            if self._state[later] == _BLOCKED and self._has_served(self.rows.before[later]):
                self.blocked -= 1
                self._enter(later, _UNBLOCK)

    def _observe(self) -> None:
        """Serve the observations that are right now: they change nothing, so why wait."""
        row = self.pending.observer(self.count)
        while row is not None:
            self._serve(row)
            row = self.pending.observer(self.count)

    def _fits(self, row: int) -> bool:
        if self._seats is not None and not self._seats.fits(row):
            return False
        exact = self.rows.exact[row]
        if exact is not None and exact != self.count:
            return False
        if self.rows.seeing[row] and exact is None and self.count > (self.rows.ops[row].high or 0):
            return False
        return 0 <= self.count + self.rows.change[row] <= self._most

    def _is_roomy(self) -> bool:
        """Return whether what is pending fits in any order, if it fits in some.

        Orders and refunds between two bounds are another subset sum.
        """
        if self._most == inf or not self.rows.rises:
            return True
        sizes = [quantity * number for quantity, number in self.pending.sizes()]
        taken = sum(size for size in sizes if size > 0)
        given = taken - sum(sizes)
        return not self.blocked and taken <= self.count and self.count + given <= self._most

    def _is_reachable(self, due: int) -> bool:
        """Return whether some of what is pending adds up to what `due` needs; True if unsure."""
        exact = self.rows.exact[due]
        if exact is None or self.blocked:
            return True
        gap = self.count - exact
        if gap > GAP_MAX:
            return True
        sums, room = 1, (1 << gap + 1) - 1
        for quantity, number in self.pending.sizes():
            left, taken = min(number, gap // quantity), 1
            while left > 0:  # sums of up to 1, 3, 7, … of them, and then of all
                taken = min(taken, left)
                sums |= sums << quantity * taken & room
                left -= taken
                taken *= 2
        return bool(sums >> gap & 1)


class Search:
    """One search; `stuck` holds, where there is no order, the operations that have none."""

    def __init__(
        self, ops: Sequence[Op], tickets: int, most: int | None = None, *, seats: bool = False
    ) -> None:
        self._rows = Rows(ops, seats=seats)
        self._due = self._rows.by_return()
        self._execution = _Execution(self._rows, tickets, most)
        self._dead: set[tuple[int, ...]] = set()
        self._dead_before = 0  # dead ends that were remembered before the memory began anew
        self._open: list[tuple[int, int, list[int]]] = []  # return, mark, and what is left to try
        self._settled = 0  # rows whose order cannot be another one
        self._farthest = 0

    @property
    def stuck(self) -> list[Op]:
        """The operations among which the search ended: the ones before them have an order."""
        return self._rows.ops[self._settled : self._farthest]

    @property
    def dead_ends(self) -> int:
        """How many states turned out to be dead ends by now."""
        return self._dead_before + len(self._dead)

    def run(self, states_max: int = STATES_MAX) -> list[Op] | None:
        """Return an order that explains every operation, or None where there is none."""
        execution, at = self._execution, 0
        while at < len(self._due):
            due = self._due[at]
            execution.begin_until(self._rows.ops[due].returned)
            if self._serve_until(due, at):
                at += 1
                if execution.begun == at:  # every operation that has begun has returned
                    self._settle()
                continue
            back = self._back(states_max)
            if back is None:
                return None
            at = back
        return execution.order()

    def _serve_until(self, due: int, at: int) -> bool:
        """Serve what must be served until `due` is; return whether that went well."""
        execution = self._execution
        if self._open and at % CHECKPOINT == 0 and self._open[-1][0] < at:
            if self._key(at) in self._dead:
                return False
            self._open.append((at, execution.mark(), []))
        while not execution.is_served(due):
            if execution.is_hopeless:
                return False
            choices = execution.choices(due)
            if len(choices) > 1:
                if self._dead and self._key(at) in self._dead:
                    return False
                self._open.append((at, execution.mark(), list(choices[:0:-1])))
            elif not choices:
                return False
            execution.serve(choices[0])
        return True

    def _back(self, states_max: int) -> int | None:
        """Go back to the last choice that has another way; None where there is none."""
        execution = self._execution
        self._farthest = max(self._farthest, execution.begun)
        while self._open:
            at, mark, left = self._open[-1]
            execution.undo(mark)
            if left:
                execution.serve(left.pop())
                return at
            self._open.pop()
            if self.dead_ends >= states_max:
                raise BudgetExceededError
            self._dead.add(self._key(at))
        return None

    def _settle(self) -> None:
        """Forget all choices: all that has begun is served, so no other state is possible."""
        self._settled = self._execution.begun
        self._open.clear()
        self._dead_before += len(self._dead)
        self._dead.clear()

    def _key(self, at: int) -> tuple[int, ...]:
        return (at, *self._execution.pending.key())


def search(
    ops: Sequence[Op], tickets: int, states_max: int = STATES_MAX, most: int | None = None
) -> list[Op] | None:
    """Return an order that explains every operation, or None where there is none.

    The count never rises above `most`. An operation that observed the count saw exactly one, or
    at most `high` (`low` is 0). Raises `BudgetExceededError` after `states_max` dead ends.
    """
    return Search(ops, tickets, most).run(states_max)
