"""Drivers that a contract listens with: they record the steps, or act between two of them."""

from __future__ import annotations

import time
from collections.abc import Callable

from booking.core.steps import drive


class StepRecorder:
    """A driver that records what it is told, in order."""

    def __init__(self) -> None:
        self.recorded: list[tuple[str, int | None]] = []  # an action and its value, or "saw"

    @property
    def steps(self) -> list[tuple[str, int | None]]:
        """The steps alone."""
        return [entry for entry in self.recorded if entry[0] != "saw"]

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Record a step."""
        self.recorded.append((action, value))

    def saw(self, value: int | None) -> None:
        """Record what a step saw."""
        self.recorded.append(("saw", value))

    def network(self) -> None:
        """Ignore the network."""


class Interference(StepRecorder):
    """A driver that acts as another buyer would, right after each step is announced."""

    def __init__(self, act: Callable[[], object], *, once: bool = False) -> None:
        super().__init__()
        self._act = act
        self._once = once

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Record the step; then act, unheard, before its effect."""
        super().step(action, resource, value)
        if self._once and len(self.steps) > 1:
            return
        before = drive(None)
        try:
            self._act()
        finally:
            drive(before)


class Pause(StepRecorder):
    """A driver that pauses before one step, and then has another buyer act."""

    def __init__(self, at: int, pause_s: float, act: Callable[[], bool]) -> None:
        super().__init__()
        self._at, self._pause_s, self._act = at, pause_s, act
        self.result = True  # where the step does not come, it keeps no buyer out

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Record the step; before its effect pause, and act."""
        super().step(action, resource, value)
        if len(self.steps) == self._at + 1:
            time.sleep(self._pause_s)
            self.result = self._act()
