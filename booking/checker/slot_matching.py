"""The exact check of a counter that only falls, in O(n log n).

The count starts at `tickets` and each sale of one unit takes a *slot*: slot j is the
transition from j−1 to j units sold. Operations are closed intervals [invoked, returned]; two
that touch are concurrent. Counts become *units sold*, so a sighting says "at some moment of
my interval, between `least` and `most` units were sold".

1. `due[j]`: the earliest return of a sighting of at least j sold; slot j happened by then.
   `ready[j]`: the latest invocation of a sighting of fewer than j sold; it happened after.
   Both are nondecreasing in j. `must` is the largest number ever seen sold.
2. `ready[j] > due[j]`: the count rose in real time.
3. A sale fits slot j when invoked ≤ due[j] and ready[j] ≤ returned. By monotonicity these j
   are an interval: the bipartite graph is convex. So taking the sale with the earliest
   deadline for each slot in turn (Glover 1967) is enough. It finds a matching that covers
   every sale and the slots 1..must, or proves that there is none.
4. A sale of unknown outcome never returns and need not happen: it is used only for a slot that
   must be filled and for which no certain sale is at hand. That loses nothing: swapping a
   certain sale into an earlier slot in place of an unknown one keeps both in their intervals.
5. A sale that answered its number has one slot (it is *pinned*), and is at the same time a
   sighting of that slot. It does not take part in the matching.

Sources: Herlihy & Wing 1990 (linearizability), Glover 1967 (maximum matching in a convex
bipartite graph), Hall 1935 (why a failed matching always has a small proof).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from heapq import heappop, heappush
from operator import gt
from typing import Literal


@dataclass(slots=True)
class Problem:
    """One inventory in units sold; every list is a column, times are integers.

    `capacity` is the number of units there are. Sightings have 0 ≤ least ≤ most ≤ capacity,
    pinned slots are 1..capacity: whatever is outside is refused before (`out of range`).
    `before_all` and `never` are times that no operation has.
    """

    capacity: int
    before_all: int
    never: int
    invoked: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    pinned: list[int] = field(default_factory=list)  # slots
    pinned_invoked: list[int] = field(default_factory=list)
    pinned_returned: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)  # invoked; returned is never
    seen_invoked: list[int] = field(default_factory=list)
    seen_returned: list[int] = field(default_factory=list)
    seen_least: list[int] = field(default_factory=list)
    seen_most: list[int] = field(default_factory=list)
    sales_optional: bool = False  # the weaker question: could the slots have been filled at all?


@dataclass(frozen=True, slots=True)
class Clash:
    """Why no order exists: slots first..last, in which too much or too little happened."""

    kind: Literal["rose", "overfull", "starved"]
    first: int
    last: int


@dataclass(slots=True)
class Placement:
    """Which sale fills which slot (index from 1).

    ≥ 0: a row of the unpinned sales in the order of their return (`by_return`). < 0: the
    complement of a row of `unknown` in the order of invocation (`unknown_by_invoke`), or
    `PINNED`. One list of integers for a million slots: objects would take ten times the memory.
    """

    at: list[int]
    by_return: list[int]
    unknown_by_invoke: list[int]
    ready: list[int]
    due: list[int]


PINNED = 1 << 62  # not a row


def solve(problem: Problem) -> Placement | Clash:
    """Place every sale, or say which slots make it impossible."""
    due, ready, must = windows(problem)
    if any(map(gt, ready, due)):
        slot = next(j for j in range(len(due)) if ready[j] > due[j])
        return Clash("rose", slot, slot)
    pinned = set(problem.pinned)
    if len(pinned) < len(problem.pinned):
        twice = _first_twice(problem.pinned)
        return Clash("overfull", twice, twice)
    return _place(problem, due, ready, must, pinned)


def windows(problem: Problem) -> tuple[list[int], list[int], int]:
    """Return `due`, `ready` (index from 1; 0 is padding) and `must`.

    There are never more slots than sales, and one: the first that no sale can fill is enough
    to show that the rest cannot be filled either. (Tickets may be 10¹⁵.)
    """
    sales = len(problem.invoked) + len(problem.pinned) + len(problem.unknown)
    last = min(problem.capacity, sales + 1)
    due = [problem.never] * (last + 1)
    ready = [problem.before_all] * (last + 1)
    for invoked, returned, least, most in zip(
        problem.seen_invoked,
        problem.seen_returned,
        problem.seen_least,
        problem.seen_most,
        strict=True,
    ):
        least = min(last, least)  # noqa: PLW2901 - beyond the last slot is as bad as the last
        due[least] = min(due[least], returned)
        if most < last and invoked > ready[most + 1]:
            ready[most + 1] = invoked
    if max(problem.pinned, default=0) > last:
        slots = [min(slot, last + 1) for slot in problem.pinned]
        due.append(problem.never)
        ready.append(problem.before_all)
    else:
        slots = problem.pinned
    for slot, invoked, returned in zip(
        slots, problem.pinned_invoked, problem.pinned_returned, strict=True
    ):
        due[slot] = min(due[slot], returned)
        ready[slot] = max(ready[slot], invoked)
    if len(due) > last + 1:  # numbers beyond the last slot: it must be filled, and cannot be
        due[last] = min(due[last], due.pop())
        ready.pop()
    due[0] = problem.never
    must = last
    while must and due[must] == problem.never:
        must -= 1
    _spread(due, ready)
    return due, ready, must


def _spread(due: list[int], ready: list[int]) -> None:
    """Make both nondecreasing, in place (half the time that `accumulate` with `min` takes)."""
    earliest = due[-1]
    for slot in range(len(due) - 1, -1, -1):
        if due[slot] < earliest:
            earliest = due[slot]
        else:
            due[slot] = earliest
    latest = ready[0]
    for slot, at in enumerate(ready):
        if at > latest:
            latest = at
        else:
            ready[slot] = latest


def _place(  # noqa: C901, PLR0912 - one loop; in parts it would be slower and no clearer
    problem: Problem, due: list[int], ready: list[int], must: int, pinned: set[int]
) -> Placement | Clash:
    last = len(due) - 1
    if not problem.invoked and must == len(pinned):  # every slot has its sale
        return Placement([PINNED] * (last + 1), [], [], ready, due)
    by_return = _sorted(problem.returned)
    returned = [problem.returned[row] for row in by_return]
    invoked = [problem.invoked[row] for row in by_return]
    by_invoke = _sorted(invoked)
    unknown_by_invoke = _sorted(problem.unknown)
    unknown = [problem.unknown[row] for row in unknown_by_invoke]
    optional = problem.sales_optional
    at = [PINNED] * (last + 1)
    waiting: list[int] = []  # a heap of rows of `returned`: the least has the earliest deadline
    next_sale = next_unknown = used_unknown = 0
    sales, unknowns = len(returned), len(unknown)
    for slot in range(1, last + 1):
        until = due[slot]
        while next_sale < sales and invoked[by_invoke[next_sale]] <= until:
            heappush(waiting, by_invoke[next_sale])
            next_sale += 1
        if slot in pinned:
            continue
        if optional:
            while waiting and returned[waiting[0]] < ready[slot]:
                heappop(waiting)
        if waiting and not (optional and slot > must):
            row = heappop(waiting)
            if returned[row] < ready[slot]:
                return _overfull(row, invoked, returned, due, ready, at)
            at[slot] = row
        elif slot > must:
            break
        else:
            while next_unknown < unknowns and unknown[next_unknown] <= until:
                next_unknown += 1
            if used_unknown == next_unknown:
                return _starved(slot, returned, ready, at)
            at[slot] = ~used_unknown
            used_unknown += 1
    if not optional and (waiting or next_sale < sales):
        row = waiting[0] if waiting else by_invoke[next_sale]
        return _overfull(row, invoked, returned, due, ready, at)
    return Placement(at, by_return, unknown_by_invoke, ready, due)


def _overfull(
    row: int,
    invoked: list[int],
    returned: list[int],
    due: list[int],
    ready: list[int],
    at: list[int],
) -> Clash:
    """Find the slots that are full of sales which fit nowhere else, `row` being one too many.

    Each slot in which `row` could have gone holds a sale with an earlier deadline; and so it
    is with each slot in which one of those could have gone: hence the slots first..last are
    full of sales that fit only there (Hall).
    """
    last = bisect_right(ready, returned[row], 1) - 1
    first = bisect_left(due, invoked[row], 1)
    slot = last
    while slot >= first:
        if at[slot] != PINNED:
            first = min(first, bisect_left(due, invoked[at[slot]], 1))
        slot -= 1
    return Clash("overfull", first, last)


def _starved(slot: int, returned: list[int], ready: list[int], at: list[int]) -> Clash:
    """Find the slots for which there are fewer sales than slots, `slot` being the one left empty.

    A sale that could have gone there went to an earlier slot; so add those slots, and those in
    which one of theirs could have gone.
    """
    first = slot
    for earlier in range(slot - 1, 0, -1):
        row = at[earlier]
        if row != PINNED and (row < 0 or returned[row] >= ready[first]):
            first = earlier
    return Clash("starved", first, slot)


def _sorted(times: list[int]) -> list[int]:
    """Return the rows in the order of `times`; recorded columns mostly are in order already."""
    return sorted(range(len(times)), key=times.__getitem__)


def _first_twice(slots: list[int]) -> int:
    seen: set[int] = set()
    for slot in slots:
        if slot in seen:
            return slot
        seen.add(slot)
    raise AssertionError("no slot is taken twice")
