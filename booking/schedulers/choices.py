"""Choose by a list of numbers, as a property test makes them up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class ChoicesScheduler:
    """Takes each number as an index into the enabled tasks; behind the last, the first goes on.

    Without any number that is the serial sale, so shorter lists are simpler schedules.
    """

    def __init__(self, choices: Iterable[int] = ()) -> None:
        self._choices = iter(choices)

    def choose(self, enabled: Sequence[int]) -> int:
        """Return the enabled task that the next number means."""
        return enabled[next(self._choices, 0) % len(enabled)]
