"""Find the few operations that cannot be ordered, once a search has shown that all cannot.

Deleting an order would change every later count. So operations are *weakened*: an observation is
dropped, a sale forgets its number, an order of known outcome becomes one that may have happened.
What follows the last operation that must be served cannot matter, and what had returned before
an exact observation cannot matter either: the count is known then. Each step is kept where the
search still finds no order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol

import msgspec

from booking.checker.certificate import Certificate
from booking.checker.operations import Op, without_answer
from booking.checker.returns.excess import Stock
from booking.checker.search.wgl import BudgetExceededError, Search

STATES_EACH_MAX = 2_000  # for each question of the search
WORK_MAX = 300_000  # operations of all questions together
WORK_OF_A_STATE = 10  # operations that take as long as a dead end
PINS_MAX = 16  # observations that are tried as the start

Weaken = Callable[[Op], Op | None]  # None: the operation is dropped


class Question(Protocol):
    """One search for an order."""

    @property
    def dead_ends(self) -> int:
        """How many states it has seen in vain."""

    def run(self, states_max: int, /) -> list[Op] | None:
        """Return an order, or None where there is none."""


Ask = Callable[[Sequence[Op], int, int], Question]  # of operations, a start, and the most


@dataclass(slots=True)
class _Core:
    """Operations that have no order, from the count `start` on; `pin` observed that count."""

    ops: list[Op]
    start: int
    most: int
    ask: Ask
    pin: Op | None = None
    work: int = 0

    def is_still_unorderable(self, ops: Sequence[Op], start: int) -> bool:
        """Search again; without an answer within the budget, no is the answer."""
        self.work += len(ops)
        if self.work > WORK_MAX:
            return False
        question = self.ask(ops, start, self.most)
        try:
            return question.run(STATES_EACH_MAX) is None
        except BudgetExceededError:
            return False
        finally:
            self.work += question.dead_ends * WORK_OF_A_STATE

    def try_without(self, rows: Sequence[int], weaken: Weaken) -> bool:
        """Weaken some operations for good, if what is left still has no order."""
        chosen = set(rows)
        weaker = [weaken(x) if row in chosen else x for row, x in enumerate(self.ops)]
        ops = _until_over([x for x in weaker if x is not None])
        if not self.is_still_unorderable(ops, self.start):
            return False
        self.ops = ops
        return True


def no_order(ops: Sequence[Op], stock: Stock, ask: Ask = Search) -> Certificate:
    """Return the certificate of operations that the search could not order."""
    core = _Core(_until_over(ops), stock.tickets, stock.tickets, ask)
    _shorten(core)
    if not any(x.seat is not None for x in ops):  # else it matters who holds what then
        _start_later(core)
    _weaken_all(core, lambda x: not x.quantity, lambda _: None)
    _weaken_all(core, lambda x: x.what == "buy" and x.high is not None, without_answer)
    _weaken_all(core, lambda x: x.what in {"buy", "refund"}, _uncertain)
    return Certificate("no order", core.pin, None, tuple(core.ops), high=core.start, key=stock.key)


def _until_over(ops: Sequence[Op]) -> list[Op]:
    """Leave out what began after everything that must be served had returned."""
    over = max((x.returned for x in ops if not x.what.startswith("maybe")), default=-inf)
    return [x for x in ops if x.invoked <= over]


def _uncertain(x: Op) -> Op:
    what = "maybe-refund" if x.gives_back else "maybe"
    return msgspec.structs.replace(without_answer(x), what=what, returned=inf)


def _weaker(x: Op) -> Op | None:
    return _uncertain(x) if x.quantity else None


def _shorten(core: _Core) -> None:
    """Find the shortest beginning that has no order: what returns later is weakened."""
    whole = core.ops
    by_return = sorted(range(len(whole)), key=lambda row: whole[row].returned)
    few, enough = 0, len(whole)
    while few < enough:
        middle = (few + enough) // 2
        later = set(by_return[middle:])
        weaker = [_weaker(x) if row in later else x for row, x in enumerate(whole)]
        ops = _until_over([x for x in weaker if x is not None])
        if core.is_still_unorderable(ops, core.start):
            enough, core.ops = middle, ops
        else:
            few = middle + 1


def _start_later(core: _Core) -> None:
    """Begin at the last exact observation that makes no difference."""
    exact = [x for x in core.ops if not x.quantity and x.low is not None and x.low == x.high]
    exact.sort(key=lambda x: x.invoked, reverse=True)
    for pin in exact[:PINS_MAX]:
        start = pin.low or 0
        if not 0 <= start <= core.most:
            continue
        ops = [after for x in core.ops if (after := after_pin(x, pin)) is not None]
        if core.is_still_unorderable(ops, start):
            core.ops, core.start, core.pin = ops, start, pin
            return


def after_pin(x: Op, pin: Op) -> Op | None:
    """Return what is left of an operation when the count starts at an observation."""
    if x.invoked > pin.returned:
        return x
    if x.returned < pin.invoked or not x.quantity:
        return None
    return x if x.what.startswith("maybe") else _uncertain(x)


def _weaken_all(core: _Core, fits: Callable[[Op], bool], weaken: Weaken) -> None:
    """Weaken as many operations as possible: halves first, then smaller parts."""
    size = len(core.ops)
    while size:
        size //= 2
        part = 0
        while True:
            rows = [row for row, x in enumerate(core.ops) if fits(x)]
            chosen = rows[part : part + max(1, size)]
            if not chosen:
                break
            if not core.try_without(chosen, weaken):
                part += len(chosen)
