"""Check the claim that no order of a few operations explains their answers, by trying them all.

Independent of the search that made the claim. The count after some operations depends on which
they are, and not on their order. So a set of operations is reached, or it is not: with twelve
operations there are 4,096 sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from booking.checker.operations import Op

ORDERED_MAX = 12  # operations whose orders are all tried


def has_no_order(
    members: Sequence[Op], operations: Iterable[Op], tickets: int, pin: Op | None = None
) -> bool:
    """Return whether `members` stand for a whole history, and cannot be ordered.

    With `pin` they stand for what came after it: an observation that proved the count exactly.
    """
    if len(members) > ORDERED_MAX:
        return False
    start = tickets
    if pin is not None:
        if pin.low is None or pin.low != pin.high or pin.quantity:
            return False
        start = pin.low
    return _stand_for_all(members, operations, pin) and not can_be_ordered(members, start, tickets)


def _stand_for_all(members: Sequence[Op], operations: Iterable[Op], pin: Op | None) -> bool:
    """Return whether every operation is one of the members, came later, or observed only.

    A member may claim less than the operation that it stands for.
    """
    claimed = {x.index: x for x in members}
    over = max((x.returned for x in members if _is_certain(x)), default=float("-inf"))
    found = 0
    pinned = pin is None
    for x in operations:
        pinned = pinned or x == pin
        own = claimed.get(x.index)
        if own is None:
            before = pin is not None and x.returned < pin.invoked
            if x.quantity and x.invoked <= over and not before:
                return False
        elif not _claims_no_more(own, x) or (_is_certain(own) and not _follows(own, pin)):
            return False
        else:
            found += 1
    return pinned and found == len(claimed) == len(members)


def _follows(x: Op, pin: Op | None) -> bool:
    return pin is None or x.invoked > pin.returned


def _claims_no_more(own: Op, x: Op) -> bool:
    return (
        own.what.removeprefix("maybe-") in {x.what.removeprefix("maybe-"), "maybe"}
        and own.gives_back == x.gives_back
        and (own.quantity, own.invoked) == (x.quantity, x.invoked)
        and (own.returned >= x.returned)
        and (own.low is None or (own.low, own.high) == (x.low, x.high))
        and (_is_certain(x) or not _is_certain(own))
    )


def _is_certain(x: Op) -> bool:
    return not x.what.startswith("maybe")


def can_be_ordered(members: Sequence[Op], start: int, most: int) -> bool:
    """Return whether some order of the members, without some of unknown outcome, is right."""
    required = sum(1 << at for at, x in enumerate(members) if _is_certain(x))
    reached = [0]
    seen = {0}
    for done in reached:  # grows while it is read
        if done & required == required:
            return True
        left = [at for at in range(len(members)) if not done >> at & 1]
        count = start - sum(_taken(x) for at, x in enumerate(members) if done >> at & 1)
        for at in left:
            x = members[at]
            late = any(_precedes(members[other], x) for other in left if other != at)
            after = done | 1 << at
            chosen = [y for other, y in enumerate(members) if after >> other & 1]
            fits = _is_right(x, count, most) and _fits_seats(chosen)
            if not late and after not in seen and fits:
                seen.add(after)
                reached.append(after)
    return False


def _precedes(x: Op, y: Op) -> bool:
    """Return whether `x` must come before `y`: in time, or in the program of one process."""
    if not _is_certain(x):
        return False  # it may be left out
    if x.returned != y.invoked:
        return x.returned < y.invoked
    (process, index), later = x.program.end, y.program.begin
    return later is not None and later[0] == process and index < later[1]


def _is_right(x: Op, count: int, most: int) -> bool:
    if x.low is not None and x.high is not None and not x.low <= count <= x.high:
        return False
    return 0 <= count - _taken(x) <= most


def _taken(x: Op) -> int:
    return -x.quantity if x.gives_back else x.quantity


def _fits_seats(done: Sequence[Op]) -> bool:
    """Return whether no seat need be sold twice, nor come back unsold; a necessary condition.

    What was done too often must be made up for by orders and refunds that name no seat.
    """
    sold: dict[int | str, int] = {}
    unnamed_orders = unnamed_refunds = 0
    for x in done:
        if x.seat is not None:
            sold[x.seat] = sold.get(x.seat, 0) + (-1 if x.gives_back else 1)
        others = x.quantity if x.seat is None else x.quantity - 1
        if x.gives_back:
            unnamed_refunds += others
        else:
            unnamed_orders += max(0, others)
    twice = sum(max(0, times - 1) for times in sold.values())
    unsold = sum(max(0, -times) for times in sold.values())
    return twice <= unnamed_refunds and unsold <= unnamed_orders
