"""Order a sale of named seats that come back: the count and every seat have one order together.

Each seat alone has an order, and the count has one. Both must be the same. So the order that was
found for the count is held against the seats. Where it does not fit, the search for the count looks
at the seats that operations name, too. Else
operations on one seat are parted at some moment at which both may have happened, in the order that
the seat demands. What that does not find, a search finds that tries every seat, for a few hundred
operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from math import inf

from msgspec.structs import replace

from booking.checker.certificate import Certificate
from booking.checker.operations import Op
from booking.checker.order_proof import has_no_order
from booking.checker.returns.count_problem import CountProblem, breaks_program_order
from booking.checker.returns.latest_order import latest_order
from booking.checker.returns.seat_replay import fits_seats
from booking.checker.search.program_order import predecessors
from booking.checker.search.unorderable import no_order
from booking.checker.search.wgl import BudgetExceededError, Search, search

UNFIT = "the count has an order, and so has every seat; no order was found that fits both"
SEARCHED_MAX = 300  # operations that the search with seats is tried on
PARTS = 1 << 10  # moments of one time: operations that touch are parted within it
QUARTERS = 4
MIDDLE = 2
SHARES = (1, MIDDLE, 3)  # quarters of the time that two operations on one seat have in common

Held = frozenset[int | str]
State = tuple[int, Held]


def order_seats(
    problem: CountProblem, order: Sequence[Op], states_max: int
) -> Sequence[Op] | Certificate:
    """Return an order that fits the seats as well, or why there is none.

    Raises `BudgetExceededError` where neither was found.
    """
    if fits_seats(order):
        return order
    found = _by_named_seats(problem, states_max) or _by_parting(problem, states_max)
    if found is not None:
        return found
    if len(problem.ops) > SEARCHED_MAX:
        raise BudgetExceededError(UNFIT)
    tickets = problem.stock.tickets
    path = search_seats(problem.ops, tickets, states_max, tickets)
    if path is not None:
        return path
    proof = no_order(problem.ops, problem.stock, SeatSearch)
    if not has_no_order(proof.members, problem.ops, tickets, proof.before):
        raise BudgetExceededError(UNFIT)  # nothing is believed without a second look
    return proof


def _by_named_seats(problem: CountProblem, states_max: int) -> list[Op] | None:
    """Search by the count and the seats that operations name; what it does not find may be."""
    tickets = problem.stock.tickets
    try:
        path = Search(problem.ops, tickets, tickets, seats=True).run(states_max)
    except BudgetExceededError:
        return None
    return path if path is not None and fits_seats(path) else None


def _by_parting(problem: CountProblem, states_max: int) -> list[Op] | None:
    """Search by the count alone, operations on one seat being parted beforehand."""
    by_index = {x.index: x for x in problem.ops}
    for share, seats_first in product(SHARES, (True, False)):
        parted = _parted(problem.ops, share, seats_first=seats_first)
        try:
            found = search(parted, problem.stock.tickets, states_max, problem.stock.tickets)
        except BudgetExceededError:
            continue
        if found is not None:
            own = [by_index[x.index] for x in found]
            if fits_seats(own) and not breaks_program_order(own):
                return own
    return None


def _parted(ops: Sequence[Op], share: int, *, seats_first: bool) -> list[Op]:
    """Part the operations on each seat in time, as an order of that seat has them.

    Those of one process that touch are parted, too: scaled, they would no longer touch. What is
    parted first leaves less room to the others, so both ways are tried.
    """
    scaled = {x.index: _scaled(x) for x in ops}
    if seats_first:
        _part_seats(scaled, share)
    for row, earlier in predecessors(ops).items():
        for first in earlier:
            _part(scaled, ops[first].index, ops[row].index, MIDDLE)
    if not seats_first:
        _part_seats(scaled, share)
    return list(scaled.values())


def _part_seats(scaled: dict[int, Op], share: int) -> None:
    by_seat: dict[int | str, list[Op]] = {}
    for x in scaled.values():
        if x.seat is not None:
            by_seat.setdefault(x.seat, []).append(replace(x, quantity=1))
    for own in by_seat.values():
        order = (latest_order(own, 1) if len(own) > 1 else None) or ()
        for x, y in pairwise(order):
            _part(scaled, x.index, y.index, share)


def _part(scaled: dict[int, Op], first: int, second: int, share: int) -> None:
    """Part one operation from another one that comes later, at a moment that both have."""
    x, y = scaled[first], scaled[second]
    begin, end = max(x.invoked, y.invoked), min(x.returned, y.returned)
    if begin <= end < inf:
        moment = begin + (end - begin) * share // QUARTERS
        if moment < y.returned:  # else too many operations share one time
            scaled[first] = replace(x, returned=moment)
            scaled[second] = replace(y, invoked=moment + 1)


def _scaled(x: Op) -> Op:
    begin, end = PARTS * x.invoked, PARTS * x.returned + PARTS - 1
    return replace(x, invoked=begin, returned=end)


def search_seats(
    ops: Sequence[Op], tickets: int, states_max: int, most: int | None
) -> list[Op] | None:
    """Return an order that fits count and seats, or None where there is none."""
    search = SeatSearch(ops, tickets, most if most is not None else tickets)
    return search.run(states_max)


class SeatSearch:
    """Depth first, remembering the sets of operations that were served, with the seats then held.

    An order or refund without a seat is of one that no operation names, or of any that one names.
    """

    def __init__(self, ops: Sequence[Op], tickets: int, most: int) -> None:
        self.ops = list(ops)
        self.most = most
        self.dead_ends = 0  # or states that lead to an order: here they are not told apart
        self.tickets = tickets
        self.seats = frozenset(x.seat for x in ops if x.seat is not None)
        required = [at for at, x in enumerate(ops) if not x.what.startswith("maybe")]
        self.required = sum(1 << at for at in required)
        touching = predecessors(ops)
        self.before = [
            sum(1 << at for at in required if self.ops[at].returned < x.invoked)
            | sum(1 << at for at in touching.get(row, ()))
            for row, x in enumerate(ops)
        ]

    def run(self, states_max: int) -> list[Op] | None:
        """Search until all that must be served is served."""
        start: State = (0, frozenset())
        self.dead_ends = 0
        came: dict[State, tuple[State, int] | None] = {start: None}
        agenda = [(start, self.tickets)]
        while agenda:
            state, count = agenda.pop()
            if state[0] & self.required == self.required:
                return self._path(came, state)
            for row, after in self._next(state, count):
                if after in came:
                    continue
                if len(came) > states_max:
                    raise BudgetExceededError
                came[after] = state, row
                self.dead_ends = len(came)
                x = self.ops[row]
                left = count + x.quantity if x.gives_back else count - x.quantity
                agenda.append((after, left))
        return None

    def _next(self, state: State, count: int) -> Iterator[tuple[int, State]]:
        done, held = state
        for row, x in enumerate(self.ops):
            if done >> row & 1 or self.before[row] & ~done or not self._is_right(x, count):
                continue
            for after in self._seats_after(x, held, count):
                yield row, (done | 1 << row, after)

    def _is_right(self, x: Op, count: int) -> bool:
        if x.low is not None and x.high is not None and not x.low <= count <= x.high:
            return False
        left = count + x.quantity if x.gives_back else count - x.quantity
        return 0 <= left <= self.most

    def _seats_after(self, x: Op, held: Held, count: int) -> Iterator[Held]:
        """Yield which named seats may be held after an operation."""
        unknown = self.most - count - len(held)  # tickets sold of which no seat is named
        if not x.quantity:
            yield held
        elif x.seat is None:
            if not x.gives_back or unknown >= x.quantity:
                yield held
            chosen = held if x.gives_back else self.seats - held
            yield from (held ^ {seat} for seat in chosen)
        elif (x.seat in held) == x.gives_back:
            yield held ^ {x.seat}

    def _path(self, came: dict[State, tuple[State, int] | None], state: State) -> list[Op]:
        path: list[Op] = []
        step = came[state]
        while step is not None:
            state, row = step
            path.append(self.ops[row])
            step = came[state]
        return path[::-1]
