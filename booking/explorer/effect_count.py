"""Count the effects under each step: others could come between two, and are never explored."""

from __future__ import annotations

from booking.explorer.task import CooperativeScheduler, Task
from booking.explorer.transition import Caveat

_SHOWN = 60  # characters of a statement


class EffectCount:
    """The effects of the step that a task took last, as the systems beneath its store saw them."""

    def __init__(self, driver: CooperativeScheduler) -> None:
        self._driver = driver
        self._segment: tuple[Task, int] | None = None
        self._first = ""
        self._caveats: dict[Caveat, None] = {}

    def segment(self) -> tuple[Task, int] | None:
        """Return the task that runs, and how many steps it has announced; None: the harness."""
        task = self._driver.current
        return None if task is None or task.cancelled else (task, task.steps)

    def note(self, effect: str, where: str) -> None:
        """Note an effect of the task that runs."""
        segment = self.segment()
        if segment is None:
            return
        shown = effect if len(effect) <= _SHOWN else f"{effect[:_SHOWN]}…"
        if not segment[1]:
            self.doubt(f"{shown}: before any step was announced", where)
        elif self._segment == segment:
            self.doubt(
                f"two effects under one step, {self._first} and {shown}: others can come between; "
                "announce each, or make them one",
                where,
            )
        else:
            self._segment, self._first = segment, shown

    def doubt(self, what: str, where: str) -> None:
        """Remember why nothing can be proved."""
        self._caveats[Caveat(what, where)] = None

    def caveats(self) -> list[Caveat]:
        """Return each place once."""
        return list(self._caveats)
