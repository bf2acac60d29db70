"""Decide a counter whose tickets come back, or whose orders are of several quantities.

Cheap conditions first (`excess`), then an order that needs no search, then the search within its
budget. What is impossible is named by `count_diagnosis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from booking.checker.certificate import Certificate, possible
from booking.checker.counter.reduction import ALL_CONSTRAINTS, Counter
from booking.checker.operations import Op, all_operations
from booking.checker.reading.inventory import Inventory
from booking.checker.returns.excess import Stock, refute_counts
from booking.checker.returns.latest_order import latest_order
from booking.checker.search.program_order import is_in_program_order
from booking.checker.search.unorderable import no_order
from booking.checker.search.wgl import STATES_MAX, BudgetExceededError, search


@dataclass(frozen=True, slots=True)
class CountProblem:
    """All operations on one counter, and what is known of the count."""

    ops: list[Op]
    stock: Stock
    touches: bool  # whether times alone do not show the order of one process's operations

    @classmethod
    def of(cls, counter: Counter) -> CountProblem:
        """Take a counter's operations."""
        inventory: Inventory = counter.inventory
        ops = list(all_operations(inventory, counter.numbers, ALL_CONSTRAINTS))
        unit = 1 if inventory.unlogged else counter.unit  # others may have ordered any quantity
        stock = Stock(counter.tickets, unit, inventory.key)
        return cls(ops, stock, inventory.touches)

    def without_balance(self) -> CountProblem:
        """Leave only operations that are wrong by themselves: others may be missing."""
        alone = [x for x in self.ops if not possible(x, self.stock.tickets, self.stock.unit)]
        return CountProblem(alone, self.stock, touches=False)

    def refute(self, ops: Sequence[Op]) -> Certificate | None:
        """Return why some of the operations have no order, if that is found quickly."""
        proof = refute_counts(ops, self.stock)
        if proof is not None:
            return proof
        answer = _unobserved(ops, self.stock)
        if answer is not None:
            return answer if isinstance(answer, Certificate) else None
        try:
            found = search_or_refute(CountProblem(list(ops), self.stock, False), STATES_MAX)
        except BudgetExceededError:
            return None
        return found if isinstance(found, Certificate) else None


def order_or_refute(problem: CountProblem, states_max: int) -> list[Op] | Certificate:
    """Return an order that explains every answer, or why there is none.

    Raises `BudgetExceededError` where neither was found within the budget.
    """
    proof = refute_counts(problem.ops, problem.stock)
    if proof is not None:
        return proof
    answer = _unobserved(problem.ops, problem.stock)
    if isinstance(answer, Certificate):
        return answer
    if answer is not None and not (problem.touches and breaks_program_order(answer)):
        return answer
    return search_or_refute(problem, states_max)


def search_or_refute(problem: CountProblem, states_max: int) -> list[Op] | Certificate:
    """Search for an order; where there is none, find the operations that cannot be ordered."""
    tickets = problem.stock.tickets
    path = search(problem.ops, tickets, states_max, tickets)
    return no_order(problem.ops, problem.stock) if path is None else path


def _unobserved(ops: Sequence[Op], stock: Stock) -> list[Op] | Certificate | None:
    """Decide operations that no observation restricts; None where only a search can tell.

    Orders of one quantity are decided for certain.
    """
    if any(x.low is not None for x in ops):
        return None
    order = latest_order(ops, stock.tickets)
    if order is None and all(x.quantity in {0, stock.unit} for x in ops):
        return no_order(ops, stock, _Latest)
    return order


class _Latest:
    """Ask for the latest order in place of a search: it is exact here."""

    dead_ends = 0

    def __init__(self, ops: Sequence[Op], tickets: int, _most: int) -> None:
        self._ops = ops
        self._tickets = tickets

    def run(self, _states_max: int) -> list[Op] | None:
        """Return the order, or None where there is none."""
        return latest_order(self._ops, self._tickets)


def breaks_program_order(order: Sequence[Op]) -> bool:
    """Return whether a process's operations are not in the order in which it invoked them."""
    return not is_in_program_order((x.program, x.returned < inf) for x in order)
