"""Drivers that a contract listens with: they record the steps, or act between two of them."""

from __future__ import annotations

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
