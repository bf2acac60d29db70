"""Replay an order against named seats: may every seat be sold when it is, and come back?

A refund without a seat gave back some ticket that was held, an order without one took some that was
free. Which, is chosen by what comes later: a seat that is sold again must have come back in
between. Of several such seats, the one that is sold first is served first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from heapq import heappop, heappush

from booking.checker.operations import Op

Need = int  # the place by which a ticket must have come back


class _Replay:
    """What is held, and what must still come back.

    Of the tickets held whose seat is not known, the later ones are of more use: a seat that comes
    back unsold must have been taken after it was free. So others give back the earliest.
    """

    def __init__(self, order: Sequence[Op]) -> None:
        self.order = order
        self.unknown: list[int] = []  # places at which tickets of no known seat were taken
        self.flexible = 0  # seats held that no later operation names
        self.to_return: list[Need] = []
        self.held: set[int | str] = set()
        self.free_since: dict[int | str, int] = {}
        self.later = _next_of_seat(order)

    def is_right(self) -> bool:
        """Whether every operation fits the seats."""
        for place, x in enumerate(self.order):
            if self.to_return and self.to_return[0] <= place:
                return False
            if x.quantity and not self._serve(place, x):
                return False
        return True

    def _serve(self, place: int, x: Op) -> bool:
        if x.seat is not None and not self._serve_named(place, x, x.seat):
            return False
        others = x.quantity if x.seat is None else x.quantity - 1
        if not x.gives_back:
            self.unknown += [place] * others
            return True
        return all(self._give_back() for _ in range(others))

    def _serve_named(self, place: int, x: Op, seat: int | str) -> bool:
        if x.gives_back:
            if seat not in self.held and not self._take_back_after(self.free_since.get(seat, -1)):
                return False
            self.held.discard(seat)
            self.free_since[seat] = place
            return True
        self.held.add(seat)
        following = self.later[place]
        if following is None:
            self.flexible += 1
        elif not self.order[following].gives_back:
            heappush(self.to_return, following)
        return True

    def _take_back_after(self, place: int) -> bool:
        """Find an order whose seat is not known, and that may have taken this one since then."""
        at = bisect_right(self.unknown, place)
        if at == len(self.unknown):
            return False
        self.unknown.pop(at)
        return True

    def _give_back(self) -> bool:
        if self.to_return:
            heappop(self.to_return)
        elif self.flexible:
            self.flexible -= 1
        elif self.unknown:
            self.unknown.pop(0)
        else:
            return False
        return True


def fits_seats(order: Sequence[Op]) -> bool:
    """Return whether no seat is sold while it is held, nor comes back while it is not."""
    return _Replay(order).is_right()


def _next_of_seat(order: Sequence[Op]) -> list[int | None]:
    """Return for each place the next place that names the same seat."""
    later: list[int | None] = [None] * len(order)
    last: dict[int | str, int] = {}
    for place in range(len(order) - 1, -1, -1):
        seat = order[place].seat
        if seat is not None:
            later[place] = last.get(seat)
            last[seat] = place
    return later
