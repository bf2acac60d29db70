"""Choose by random priorities that seldom change: probabilistic concurrency testing (PCT)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

CHANGES = 2  # of priorities, in one sale: a race of depth 3 has a chance of 1/(n·k²)
STEPS_EACH = 6  # a purchase is about so long; changes are spread over as many steps


class PctScheduler:
    """Random priorities, lowered at a few random steps (Burckhardt et al. 2010).

    The enabled task with the highest priority goes on. At a few random steps its priority falls
    below all others. A race that needs d such steps is found with a chance of at least
    1/(n·k^(d−1)), for n buyers and k steps. How unlikely the race is in real time does not matter.
    """

    def __init__(self, seed: int, buyers: int) -> None:
        random = Random(f"{seed}/pct")
        self._priorities = list(range(CHANGES + 1, CHANGES + 1 + buyers))
        random.shuffle(self._priorities)
        steps = range(1, max(CHANGES + 1, buyers * STEPS_EACH))
        self._changes = {at: CHANGES - n for n, at in enumerate(random.sample(steps, CHANGES))}
        self._step = 0

    def choose(self, enabled: Sequence[int]) -> int:
        """Return the enabled task with the highest priority."""
        self._step += 1
        chosen = self._highest(enabled)
        if self._step in self._changes:
            self._priorities[chosen] = self._changes[self._step]
            chosen = self._highest(enabled)
        return chosen

    def _highest(self, enabled: Sequence[int]) -> int:
        return max(enabled, key=lambda number: self._priorities[number])
