"""Search for an order where the matching does not reach: several quantities, observed refunds.

Deciding these is NP-hard (subset sum: which orders were served before the count read 17?). So this
is the general search of Wing & Gong 1993 with Lowe's memory of states (2017), within a budget.
What it finds is right either way; what it does not find within the budget is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from booking.checker.operations import Op

STATES_MAX = 200_000

State = tuple[int, int, int]


class BudgetExceededError(Exception):
    """The search ended before it found an order or had tried all."""


class _Execution:
    """The operations served so far, and the count that is left.

    `served` has a bit for each operation that must be served, `used` for each that may be: one of
    unknown outcome. An operation is named by its row in `ops`, where those come last.
    """

    def __init__(self, ops: Sequence[Op], tickets: int, most: int | None = None) -> None:
        self.most = inf if most is None else most
        by_invoke = sorted(ops, key=lambda x: x.invoked)
        self.required = [x for x in by_invoke if not x.what.startswith("maybe")]
        self.optional = [x for x in by_invoke if x.what.startswith("maybe")]
        self.ops = self.required + self.optional
        self.count = tickets
        self.served = 0
        self.used = 0
        self.order: list[Op] = []

    @property
    def is_complete(self) -> bool:
        """Whether every operation that must be served is served."""
        return self.served == (1 << len(self.required)) - 1

    @property
    def state(self) -> State:
        """What decides how it can go on; bits of a served prefix are left out, to save memory."""
        first = self._first_unserved()
        return first, self.served >> first, self.used

    def serve(self, row: int) -> None:
        """Serve one operation next."""
        self._toggle(row)
        self.count -= _taken(self.ops[row])
        self.order.append(self.ops[row])

    def undo(self, row: int) -> None:
        """Take back the operation that was served last."""
        self._toggle(row)
        self.count += _taken(self.ops[row])
        self.order.pop()

    def next_rows(self) -> list[int]:
        """Return the rows that may come next: no other operation ended before they began.

        An observation that is right now is returned alone. It changes nothing, so no order needs
        it later.
        """
        bound = inf
        begun: list[int] = []
        row = self._first_unserved()
        while row < len(self.required) and self.required[row].invoked <= bound:
            if not self.served >> row & 1:
                begun.append(row)
                bound = min(bound, self.required[row].returned)
            row += 1
        possible: list[int] = []
        for bit, x in enumerate(self.optional):
            if x.invoked > bound:
                break
            if not self.used >> bit & 1 and self.count >= _taken(x) >= self.count - self.most:
                possible.append(len(self.required) + bit)
        for row in reversed(begun):
            x = self.required[row]
            if x.invoked > bound or not _fits(x, self.count, self.most):
                continue
            if x.quantity == 0:
                return [row]
            possible.append(row)
        return possible

    def _toggle(self, row: int) -> None:
        if row < len(self.required):
            self.served ^= 1 << row
        else:
            self.used ^= 1 << row - len(self.required)

    def _first_unserved(self) -> int:
        return (~self.served & (self.served + 1)).bit_length() - 1


def search(
    ops: Sequence[Op], tickets: int, states_max: int = STATES_MAX, most: int | None = None
) -> list[Op] | None:
    """Return an order that explains every operation, or None where there is none.

    The count never exceeds `most`, where that is given.

    Raises `BudgetExceededError` after `states_max` states.
    """
    execution = _Execution(ops, tickets, most)
    seen: set[State] = set()
    choices = [execution.next_rows()]  # not tried yet, at each depth
    path: list[int] = []
    while not execution.is_complete:
        if choices[-1]:
            row = choices[-1].pop()
            execution.serve(row)
            state = execution.state
            if state in seen:
                execution.undo(row)
                continue
            if len(seen) >= states_max:
                raise BudgetExceededError
            seen.add(state)
            path.append(row)
            choices.append(execution.next_rows())
        elif path:
            choices.pop()
            execution.undo(path.pop())
        else:
            return None
    return execution.order


def _taken(x: Op) -> int:
    return -x.quantity if x.gives_back else x.quantity


def _fits(x: Op, count: int, most: float) -> bool:
    if x.low is not None and x.high is not None and not x.low <= count <= x.high:
        return False
    return 0 <= count - _taken(x) <= most
