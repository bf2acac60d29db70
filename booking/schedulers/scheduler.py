"""The protocol of a scheduler, and how one is built by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from booking.core.assembly import users_code
from booking.core.registry import resolve
from booking.errors import UsageError


class Scheduler(Protocol):
    """Decides which task goes next; a registered one is constructed with a seed and the buyers.

    Real processes, explored tasks and the search itself ask the same question. So a strategy
    works for all of them.
    """

    def choose(self, enabled: Sequence[int]) -> int | None:
        """Return one of the tasks that can take a step (at least one can); None: stop here."""


def scheduler(name: str, seed: int, buyers: int) -> Scheduler:
    """Build the scheduler of that name; equal seeds choose equally."""
    maker = resolve("scheduler", name)
    with users_code(f"scheduler {name}"):
        built: Scheduler = maker(seed, buyers)
    return _CheckedScheduler(name, built)


class _CheckedScheduler:
    """A scheduler whose errors are reported as the user's."""

    def __init__(self, name: str, scheduler: Scheduler) -> None:
        self._name = name
        self._scheduler = scheduler

    def choose(self, enabled: Sequence[int]) -> int | None:
        """Return the choice; raise `UsageError` where it fails, or is not enabled."""
        with users_code(f"scheduler {self._name}"):
            chosen = self._scheduler.choose(enabled)
        if chosen is not None and chosen not in enabled:
            raise UsageError(f"scheduler {self._name}: chose {chosen!r}, not one of {enabled}")
        return chosen
