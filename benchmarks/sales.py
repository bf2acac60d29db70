"""Large sales, valid by construction, in the order of time."""

from __future__ import annotations

import random
from heapq import heappop, heappush

from booking.history.model import Event


def sale(operations: int, buyers: int, tickets: int, numbered: bool = True, seed: int = 1):
    """Make the events of a sale with `buyers` at work at a time, each in one operation.

    An operation takes effect at a random moment of it. A third of them are searches.
    """
    rng = random.Random(seed)
    random_, events, add = rng.random, [], None
    add = events.append
    left, started, index = tickets, 0, 0
    agenda: list[tuple[int, int, int]] = []  # time, phase, buyer
    for buyer in range(buyers):
        heappush(agenda, (int(random_() * 1000 * buyers), 0, buyer))
    doing: dict[int, tuple[str, int | None, str | None]] = {}
    while agenda:
        now, phase, buyer = heappop(agenda)
        time = 1_700_000_000_000_000_000 + now
        if phase == 0:
            if started == operations:
                continue
            started += 1
            f = "search" if random_() < 0.33 else "buy"
            doing[buyer] = (f, None, None)
            add(Event(index, buyer, "invoke", f, None, time))
            index += 1
            heappush(agenda, (now + 1 + int(random_() * 1000 * buyers), 1, buyer))
        elif phase == 1:
            f = doing[buyer][0]
            if f == "search":
                doing[buyer] = ("search", left, None)
            elif left:
                doing[buyer] = ("buy", left if numbered else None, None)
                left -= 1
            else:
                doing[buyer] = ("buy", None, "sold-out")
            heappush(agenda, (now + 1 + int(random_() * 1000 * buyers), 2, buyer))
        else:
            f, value, error = doing.pop(buyer)
            kind = "fail" if error else "ok"
            add(Event(index, buyer, kind, f, value, time, error))
            index += 1
            heappush(agenda, (now + 1 + int(random_() * 100 * buyers), 0, buyer))
    return events, left
