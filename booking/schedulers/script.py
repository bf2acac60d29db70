"""Choose as a counterexample does, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from booking.core.counterexample import CounterexampleStep
from booking.history.actions import Action


class ScriptScheduler:
    """Chooses the buyers of a counterexample's steps, and then the first enabled one.

    It stops where a buyer cannot take its step; `problem` says which.
    """

    def __init__(self, steps: Sequence[CounterexampleStep]) -> None:
        self.problem: str | None = None
        self._steps = steps
        self._at = 0

    @property
    def lets_in(self) -> int | None:
        """The buyer that gets a lock by the next step, whether another one holds it or not."""
        step = self._steps[self._at] if self._at < len(self._steps) else None
        if step is None or step.action != Action.ACQUIRE or step.saw != 1:
            return None
        return step.buyer

    def choose(self, enabled: Sequence[int]) -> int | None:
        """Return the buyer of the next step; None where that buyer is not enabled."""
        if self._at >= len(self._steps):
            return enabled[0]
        step = self._steps[self._at]
        self._at += 1
        if step.buyer in enabled:
            return step.buyer
        self.problem = (
            f"step {self._at}: buyer {step.buyer} cannot {step.action} {step.resource} now"
        )
        return None
