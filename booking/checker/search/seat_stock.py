"""Which seats are held, as a search goes along: each seat's sales less its refunds.

Tickets whose seat is not known stand in where the seats alone do not add up: a seat that is sold
while it is held may have come back by a refund that named none, and so on. That is necessary, not
sufficient: what comes of it is held against `seat_replay`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from booking.checker.operations import Op


class SeatStock:
    """The seats that are held, and what must be explained by tickets without a seat."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self.seats = [x.seat for x in ops]
        self._ops = ops
        self._held: Counter[int | str] = Counter()
        self._sold_twice = 0  # seats that were sold although they were held
        self._back_unsold = 0  # seats that came back although they were not
        self._untold = {False: 0, True: 0}  # tickets without a seat: sold, and given back

    def fits(self, row: int) -> bool:
        """Return whether an operation may come next."""
        seat = self.seats[row]
        if seat is None:
            return True
        if self._ops[row].gives_back:
            return self._held[seat] > 0 or self._back_unsold < self._untold[False]
        return self._held[seat] <= 0 or self._sold_twice < self._untold[True]

    def serve(self, row: int, sign: int = 1) -> None:
        """Serve an operation, or undo it (-1)."""
        x, seat = self._ops[row], self.seats[row]
        self._untold[x.gives_back] += sign * (x.quantity - (seat is not None and x.quantity > 0))
        if seat is None:
            return
        before = self._held[seat]
        after = self._held[seat] = before + (-sign if x.gives_back else sign)
        self._sold_twice += max(0, after - 1) - max(0, before - 1)
        self._back_unsold += max(0, -after) - max(0, -before)
