"""Match sales to slots: the exact check of a counter that only falls, in O(n log n).

The count starts at `tickets`, and each sale of one unit takes a *slot*: slot j is the transition
from j−1 to j units sold. Operations are closed intervals [invoked, returned]; two that touch are
concurrent. Counts become *units sold*. So an observation states: at some moment of its interval,
between `least` and `most` units were sold.

1. `due[j]` is the earliest return of an observation of at least j sold: slot j happened by then.
   `ready[j]` is the latest invocation of an observation of fewer than j sold: it happened after.
   Both are nondecreasing in j. `must` is the largest number ever observed as sold.
2. `ready[j] > due[j]`: the count rose in real time.
3. A sale fits slot j when invoked ≤ due[j] and ready[j] ≤ returned. By monotonicity these j are
   an interval: the bipartite graph is convex. Each slot in turn takes the sale with the earliest
   deadline (Glover 1967). That finds a matching which covers every sale and the slots 1..must, or
   proves that there is none.
4. A sale of unknown outcome never returns and need not happen. It is used only for a slot that
   must be filled and for which no certain sale is at hand. That loses nothing: exchanging it for
   a certain sale in a later slot keeps both in their intervals.
5. A sale that answered its number has one slot (it is *pinned*), and is at the same time an
   observation of that slot. It does not take part in the matching.

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
class SlotProblem:
    """One inventory in units sold; every list is a column, times are integers.

    `capacity` is the number of units there are. Observations have 0 ≤ least ≤ most ≤ capacity,
    pinned slots are 1..capacity: a value outside is refused before (`out of range`).
    `before_all` and `never` are times that no operation has. They are integers, not infinities,
    so that the columns stay of one type and comparisons stay fast.
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
class HallViolator:
    """Slots first..last that violate Hall's condition, which is why no order exists.

    `rose`: no time is left for the slot. `overfull`: more sales fit only there than there are
    slots. `starved`: there are fewer sales than slots.
    """

    kind: Literal["rose", "overfull", "starved"]
    first: int
    last: int


@dataclass(slots=True)
class Matching:
    """Which sale fills which slot; every list has an entry for each slot, from index 1.

    `sale` holds rows of `by_return`, the unpinned sales in the order of their return. `unknown`
    holds, for the slots that a sale of unknown outcome fills, rows of `unknown_by_invoke`. A slot
    in neither is pinned, or empty.
    """

    sale: list[int | None]
    unknown: dict[int, int]
    by_return: list[int]
    unknown_by_invoke: list[int]
    ready: list[int]
    due: list[int]


def solve(problem: SlotProblem) -> Matching | HallViolator:
    """Match every sale to a slot, or return the slots that make it impossible."""
    due, ready, must = windows(problem)
    if any(map(gt, ready, due)):
        slot = next(j for j in range(len(due)) if ready[j] > due[j])
        return HallViolator("rose", slot, slot)
    pinned = set(problem.pinned)
    if len(pinned) < len(problem.pinned):
        repeated = _first_repeated(problem.pinned)
        return HallViolator("overfull", repeated, repeated)
    return _match(problem, due, ready, must, pinned)


def windows(problem: SlotProblem) -> tuple[list[int], list[int], int]:
    """Return `due`, `ready` (index from 1; 0 is padding) and `must`.

    There is never more than one slot beyond the number of sales. The first slot that no sale can
    fill is enough to show that the rest cannot be filled either. (Tickets may be 10¹⁵.)
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
    """Make both nondecreasing, in place (in half the time of `accumulate` with `min`)."""
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


def _match(  # noqa: C901, PLR0912 - one loop; in parts it would be slower and no clearer
    problem: SlotProblem, due: list[int], ready: list[int], must: int, pinned: set[int]
) -> Matching | HallViolator:
    """Take for each slot the sale with the earliest deadline; the hot path of unnumbered sales."""
    last = len(due) - 1
    if not problem.invoked and must == len(pinned):  # every slot has its sale
        return Matching([None] * (last + 1), {}, [], [], ready, due)
    by_return = _sorted(problem.returned)
    returned = [problem.returned[row] for row in by_return]
    invoked = [problem.invoked[row] for row in by_return]
    by_invoke = _sorted(invoked)
    unknown_by_invoke = _sorted(problem.unknown)
    unknown = [problem.unknown[row] for row in unknown_by_invoke]
    optional = problem.sales_optional
    matched: list[int | None] = [None] * (last + 1)
    matched_unknown: dict[int, int] = {}
    waiting: list[int] = []  # a heap of rows of `returned`: the least has the earliest deadline
    next_sale = next_unknown = 0
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
                return _overfull(row, invoked, returned, due, ready, matched)
            matched[slot] = row
        elif slot > must:
            break
        else:
            while next_unknown < unknowns and unknown[next_unknown] <= until:
                next_unknown += 1
            used = len(matched_unknown)
            if used == next_unknown:
                return _starved(slot, returned, ready, matched, matched_unknown)
            matched_unknown[slot] = used
    if not optional and (waiting or next_sale < sales):
        row = waiting[0] if waiting else by_invoke[next_sale]
        return _overfull(row, invoked, returned, due, ready, matched)
    return Matching(matched, matched_unknown, by_return, unknown_by_invoke, ready, due)


def _overfull(
    row: int,
    invoked: list[int],
    returned: list[int],
    due: list[int],
    ready: list[int],
    matched: list[int | None],
) -> HallViolator:
    """Find the slots that are full of sales which fit nowhere else, `row` being one too many.

    Each slot into which `row` fits holds a sale with an earlier deadline. The same is true of
    each slot into which one of those fits. Hence the slots first..last are full of sales that fit
    only there (Hall).
    """
    last = bisect_right(ready, returned[row], 1) - 1
    first = bisect_left(due, invoked[row], 1)
    slot = last
    while slot >= first:
        holder = matched[slot]
        if holder is not None:
            first = min(first, bisect_left(due, invoked[holder], 1))
        slot -= 1
    return HallViolator("overfull", first, last)


def _starved(
    slot: int,
    returned: list[int],
    ready: list[int],
    matched: list[int | None],
    matched_unknown: dict[int, int],
) -> HallViolator:
    """Find the slots for which there are fewer sales than slots, `slot` being the one left empty.

    Each sale that fits `slot` was matched to an earlier slot. So those slots belong to the
    violator, and with them the slots of every sale that fits one of them.
    """
    first = slot
    for earlier in range(slot - 1, 0, -1):
        row = matched[earlier]
        if earlier in matched_unknown or (row is not None and returned[row] >= ready[first]):
            first = earlier
    return HallViolator("starved", first, slot)


def _sorted(times: list[int]) -> list[int]:
    """Return the rows in the order of `times`; recorded columns mostly are in order already."""
    return sorted(range(len(times)), key=times.__getitem__)


def _first_repeated(slots: list[int]) -> int:
    seen: set[int] = set()
    for slot in slots:
        if slot in seen:
            return slot
        seen.add(slot)
    raise AssertionError("no slot is taken twice")
