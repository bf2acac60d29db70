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
    def asks(self) -> int | None:
        """The buyer that asks a lock by the next step, whether another one holds it or not."""
        step = self._step(self._at)
        if step is None or step.action != Action.ACQUIRE or step.saw is None:
            return None
        return step.buyer

    @property
    def expects_refusal(self) -> bool:
        """Whether the step that was chosen last is an acquire that its lock refused."""
        step = self._step(self._at - 1)
        return step is not None and step.action == Action.ACQUIRE and step.saw == 0

    def _step(self, at: int) -> CounterexampleStep | None:
        return self._steps[at] if 0 <= at < len(self._steps) else None

    def choose(self, enabled: Sequence[int]) -> int | None:
        """Return the buyer of the next step; None where that buyer is not enabled."""
        step = self._step(self._at)
        self._at += 1
        if step is None:
            return enabled[0]
        if step.buyer in enabled:
            return step.buyer
        self.problem = (
            f"step {self._at}: buyer {step.buyer} cannot {step.action} {step.resource} now"
        )
        return None
