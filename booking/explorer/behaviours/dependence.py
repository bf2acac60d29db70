"""Which steps commute, and which buyers can exchange their names: what is not executed twice."""

from __future__ import annotations

from booking.explorer.behaviours.buyer import Moved


def interchangeable(moves: list[Moved], pasts: list[int], one: int, other: int) -> bool:
    """Return whether steps with two buyers' names exchanged are the same steps, but for order.

    That is so where both took the same steps and were told the same, and where what happened
    before each step is the same with the names exchanged.
    """
    mine = [at for at, move in enumerate(moves) if move.buyer == one]
    theirs = [at for at, move in enumerate(moves) if move.buyer == other]
    if [moves[at][1:] for at in mine] != [moves[at][1:] for at in theirs]:
        return False
    exchanged = list(range(len(moves)))
    for at, partner in zip(mine, theirs, strict=True):
        exchanged[at], exchanged[partner] = partner, at
    return all(
        _exchange(past, mine, theirs) == pasts[partner]
        for past, partner in zip(pasts, exchanged, strict=True)
    )


def _exchange(past: int, mine: list[int], theirs: list[int]) -> int:
    for at, partner in zip(mine, theirs, strict=True):
        if (past >> at & 1) != (past >> partner & 1):
            past ^= 1 << at | 1 << partner
    return past


def depend(one: Moved, other: Moved) -> bool:
    """Return whether two steps may not commute: they touch the same, and one of them writes.

    A step of which nothing is known depends on every other one.
    """
    if not one.step.touches or not other.step.touches:
        return True
    return any(
        (a.resource == b.resource or "?" in {a.resource, b.resource}) and (a.writes or b.writes)
        for a in one.step.touches
        for b in other.step.touches
    )
