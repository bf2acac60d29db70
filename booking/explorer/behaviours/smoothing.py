"""Of orders that are equal but for steps that commute, the one that is easiest to read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from booking.explorer.behaviours.buyer import Moved


def smoothed(moves: Sequence[Moved], pasts: Sequence[int]) -> list[Moved]:
    """Return the steps with few changes of the buyer; what happened before another stays there.

    `pasts` has, as bits, the steps that happened before each. From each buyer that can begin, the
    order stays with a buyer as long as it can; the best of these is returned.
    """
    starts = [at for at, past in enumerate(pasts) if not past]
    orders = [_order(moves, pasts, start) for start in starts]
    best = min(orders, key=lambda order: changes([moves[at] for at in order]), default=[])
    return [moves[at] for at in best]


def changes(moves: Sequence[Moved]) -> int:
    """Return how often the buyer changes from one step to the next."""
    return sum(one.buyer != other.buyer for one, other in pairwise(moves))


def renamed(moves: Sequence[Moved]) -> list[Moved]:
    """Return the steps with equal buyers numbered as they begin."""
    names: dict[int, int] = {}
    return [move._replace(buyer=names.setdefault(move.buyer, len(names))) for move in moves]


def _order(moves: Sequence[Moved], pasts: Sequence[int], start: int) -> list[int]:
    order, done, left = [start], 1 << start, [at for at in range(len(moves)) if at != start]
    while left:
        able = [at for at in left if not pasts[at] & ~done]
        buyer = moves[order[-1]].buyer
        taken = next((at for at in able if moves[at].buyer == buyer), able[0])
        order.append(taken)
        left.remove(taken)
        done |= 1 << taken
    return order
