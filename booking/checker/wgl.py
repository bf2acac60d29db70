"""Where the exact algorithm does not reach: several quantities, refunds under observation.

Deciding these is NP-hard (subset sum: which orders were served before the count read 17?), so
this is the general search of Wing & Gong 1993 with Lowe's memory of states (2017), within a
budget. What it finds is right either way; what it does not find in time is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from booking.checker.certificate import Op

STATES_MAX = 200_000


class OutOfBudget(Exception):  # noqa: N818 - not an error: an answer
    """The search ended before it found an order or had tried all."""


@dataclass(slots=True)
class _State:
    """What was served: bits over `needed` and over `maybe`; the count that is left follows."""

    count: int
    served: int = 0
    used: int = 0
    path: list[Op] = field(default_factory=list)


def search(ops: Sequence[Op], tickets: int, states_max: int = STATES_MAX) -> list[Op] | None:
    """Find a witness order, or None where there is none; raise `OutOfBudget` after too many states.

    A state is the set of operations served. A sighting that is right now is served at once and
    alone: it changes nothing, so no order needs it later.
    """
    by_invoke = sorted(ops, key=lambda x: x.invoked)
    needed = [x for x in by_invoke if not x.what.startswith("maybe")]
    maybe = [x for x in by_invoke if x.what.startswith("maybe")]
    everything = (1 << len(needed)) - 1
    state = _State(tickets)
    seen: set[tuple[int, int, int]] = set()
    choices = [_next(needed, maybe, state)]
    taken: list[int] = []
    while state.served != everything:
        if choices[-1]:
            at = choices[-1].pop()
            _serve(state, needed, maybe, at)
            first = _first_unserved(state.served)
            key = (first, state.served >> first, state.used)
            if key in seen:
                _undo(state, needed, maybe, at)
                continue
            if len(seen) >= states_max:
                raise OutOfBudget
            seen.add(key)
            taken.append(at)
            choices.append(_next(needed, maybe, state))
        elif taken:
            choices.pop()
            _undo(state, needed, maybe, taken.pop())
        else:
            return None
    return state.path


def _serve(state: _State, needed: list[Op], maybe: list[Op], at: int) -> None:
    """Serve row `at` of `needed`, or where it is below 0 the complement's row of `maybe`."""
    op = needed[at] if at >= 0 else maybe[~at]
    state.count -= _taken(op)
    if at >= 0:
        state.served |= 1 << at
    else:
        state.used |= 1 << ~at
    state.path.append(op)


def _undo(state: _State, needed: list[Op], maybe: list[Op], at: int) -> None:
    state.path.pop()
    state.count += _taken(needed[at] if at >= 0 else maybe[~at])
    if at >= 0:
        state.served ^= 1 << at
    else:
        state.used ^= 1 << ~at


def _taken(x: Op) -> int:
    return -x.quantity if x.what in {"refund", "maybe-refund"} else x.quantity


def _first_unserved(served: int) -> int:
    return (~served & (served + 1)).bit_length() - 1


def _next(needed: list[Op], maybe: list[Op], state: _State) -> list[int]:
    """Return the rows that may come next: no other one ended before they began."""
    bound = inf
    begun: list[int] = []
    at = _first_unserved(state.served)
    while at < len(needed) and needed[at].invoked <= bound:
        if not state.served >> at & 1:
            begun.append(at)
            bound = min(bound, needed[at].returned)
        at += 1
    possible: list[int] = []
    for row, x in enumerate(maybe):
        if x.invoked > bound:
            break
        if not state.used >> row & 1 and state.count >= _taken(x):
            possible.append(~row)
    for at in reversed(begun):
        x = needed[at]
        if x.invoked > bound or not _fits(x, state.count):
            continue
        if x.quantity == 0:
            return [at]
        possible.append(at)
    return possible


def _fits(x: Op, count: int) -> bool:
    if x.low is not None and x.high is not None and not x.low <= count <= x.high:
        return False
    return count >= _taken(x)


def overdrawn(ops: Sequence[Op], tickets: int) -> list[Op]:
    """Decide orders and refunds without observations: return the orders that are too many, or [].

    Every refund goes as early as it can, every order as late; by the end of some order more was
    sold than there ever was. Exact, O(n log n). An order of unknown outcome never helps and is
    left out, a refund of unknown outcome may help and is believed.
    """
    # At one time refunds come first: operations that touch are concurrent.
    moments = sorted(
        [(x.invoked, 0, at) for at, x in enumerate(ops) if x.what in {"refund", "maybe-refund"}]
        + [(x.returned, 1, at) for at, x in enumerate(ops) if x.what == "buy"]
    )
    count = tickets
    sold: list[Op] = []
    for _, is_buy, at in moments:
        count += -ops[at].quantity if is_buy else ops[at].quantity
        if is_buy:
            sold.append(ops[at])
        if count < 0:
            return sold
    return []
