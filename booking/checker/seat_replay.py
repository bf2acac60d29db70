"""Replay an order against named seats: may every seat be sold when it is, and come back?

A refund without a seat gave back some ticket that was held, an order without one took some that was
free. Which, is chosen by what comes later: a seat that is sold again must have come back in
between. Of several such seats, the one that is sold first is served first.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from booking.checker.operations import Op

Need = int  # the place by which a ticket must have come back, or must have been taken


class _Replay:
    """What is held, and what must still be found for it."""

    def __init__(self, order: Sequence[Op]) -> None:
        self.order = order
        self.unknown = 0  # tickets held of which no seat is known
        self.flexible = 0  # seats held that no later operation names
        self.to_return: list[Need] = []
        self.to_take: list[Need] = []
        self.later = _next_of_seat(order)

    def is_right(self) -> bool:
        """Whether every operation fits the seats."""
        named: set[int | str] = set()
        for place, x in enumerate(self.order):
            if x.seat is not None and x.seat not in named:
                named.add(x.seat)
                if x.gives_back:
                    heappush(self.to_take, place)
        for place, x in enumerate(self.order):
            missing = [needs for needs in (self.to_return, self.to_take) if needs]
            if any(needs[0] <= place for needs in missing) or not self._serve(place, x):
                return False
        return True

    def _serve(self, place: int, x: Op) -> bool:
        if not x.quantity:
            return True
        if x.seat is not None:
            self._name(place, x)
        others = x.quantity if x.seat is None else x.quantity - 1
        change = self._give_back if x.gives_back else self._take
        return all(change() for _ in range(others))

    def _name(self, place: int, x: Op) -> None:
        """Note what must happen to a seat before it is named again."""
        following = self.later[place]
        if following is None:
            self.flexible += not x.gives_back
        elif self.order[following].gives_back == x.gives_back:
            heappush(self.to_take if x.gives_back else self.to_return, following)

    def _give_back(self) -> bool:
        if self.to_return:
            heappop(self.to_return)
        elif self.unknown:
            self.unknown -= 1
        elif self.flexible:
            self.flexible -= 1
        else:
            return False
        return True

    def _take(self) -> bool:
        if self.to_take:
            heappop(self.to_take)
        else:
            self.unknown += 1
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
