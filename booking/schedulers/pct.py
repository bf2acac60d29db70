"""Schedulers of real buyers: random, or by priorities that seldom change (PCT)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from booking.errors import UsageError

CHANGES = 2  # of priorities, in one sale: a race of depth 3 has a chance of 1/(n·k²)
STEPS_EACH = 6  # a purchase is about so long; changes are spread over as many steps

Choose = Callable[[Sequence[int]], int]
NAMES = ("random", "pct")


def scheduler(name: str, seed: int, buyers: int) -> Choose:
    """Return the scheduler of that name; equal seeds give equal schedules."""
    if name == "random":
        random = Random(f"{seed}/schedule")
        return lambda able: random.choice(list(able))
    if name == "pct":
        return PctScheduler(seed, buyers).choose
    raise UsageError(f"--schedule: unknown schedule {name!r}; known: {', '.join(NAMES)}")


class PctScheduler:
    """Probabilistic concurrency testing (Burckhardt et al. 2010).

    Of the buyers that can go on, the one with the highest priority goes on. At a few random
    steps its priority falls below all others. A race that needs d such steps is found with a
    chance of at least 1/(n·k^(d−1)), for n buyers and k steps. How unlikely the race is in real
    time does not matter.
    """

    def __init__(self, seed: int, buyers: int) -> None:
        random = Random(f"{seed}/pct")
        self._priorities = list(range(CHANGES + 1, CHANGES + 1 + buyers))
        random.shuffle(self._priorities)
        steps = range(1, max(CHANGES + 1, buyers * STEPS_EACH))
        self._changes = {at: CHANGES - n for n, at in enumerate(random.sample(steps, CHANGES))}
        self._step = 0

    def choose(self, able: Sequence[int]) -> int:
        """Return the buyer that goes on."""
        self._step += 1
        chosen = self._highest(able)
        if self._step in self._changes:
            self._priorities[chosen] = self._changes[self._step]
            chosen = self._highest(able)
        return chosen

    def _highest(self, able: Sequence[int]) -> int:
        return max(able, key=lambda number: self._priorities[number])
