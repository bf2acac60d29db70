"""Choose each step at random, every enabled task as likely as the others."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


class UniformScheduler:
    """Every enabled task is as likely as the others, at each step."""

    def __init__(self, seed: int, buyers: int) -> None:
        self._random = Random(f"{seed}/schedule")

    def choose(self, enabled: Sequence[int]) -> int:
        """Return a random one of the enabled tasks."""
        return self._random.choice(list(enabled))
