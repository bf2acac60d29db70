"""The counterexample that is shown is the one of the fewest changes of the buyer."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from booking.explorer.behaviours.buyer import Moved
from booking.explorer.behaviours.smoothing import changes, smoothed
from booking.instrument.seam import Announcement


def move(buyer: int, number: int = 0) -> Moved:
    return Moved(buyer, Announcement("step", str(number), (), ""), (), False, False, False)


def pasts_of(moves: list[Moved], pairs: set[tuple[int, int]]) -> list[int]:
    """Return what happened before each step: those of its buyer, and by these pairs."""
    pasts: list[int] = []
    for later in range(len(moves)):
        past = 0
        for earlier in range(later):
            if moves[earlier].buyer == moves[later].buyer or (earlier, later) in pairs:
                past |= pasts[earlier] | 1 << earlier
        pasts.append(past)
    return pasts


def test_two_reads_change_places() -> None:
    """Read, read, write of the first: the second read may come first, so the buyer stays."""
    moves = [move(0), move(1), move(0), move(1)]
    shown = smoothed(moves, pasts_of(moves, {(0, 3), (1, 2), (2, 3)}))
    assert [one.buyer for one in shown] == [1, 0, 0, 1]


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=7),
    st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))),
)
def test_what_happened_before_stays_before(buyers: list[int], pairs: set[tuple[int, int]]) -> None:
    """And no change more than in the order that was executed where that began the same way."""
    moves = [move(buyer, number) for number, buyer in enumerate(buyers)]
    pasts = pasts_of(moves, pairs)
    shown = smoothed(moves, pasts)
    place = {one.step.text: at for at, one in enumerate(shown)}
    assert sorted(place) == sorted(one.step.text for one in moves)
    for later, past in enumerate(pasts):
        for earlier in range(later):
            if past >> earlier & 1:
                assert place[str(earlier)] < place[str(later)]
    assert changes(shown) == sum(one.buyer != other.buyer for one, other in pairwise(shown))
