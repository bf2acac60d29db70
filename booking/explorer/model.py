"""The plan of an exploration: which buyers come, for what, and how far the search may go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from booking.core.protocols import Guard, Lock, Store
from booking.core.traits import Numbers

CLERK = "clerk"  # the kind of the task that serves orders and buys nothing
STATES_MAX = 200_000
SECONDS_MAX = 60.0

# Returns a lock whose every call is monitored in place of the one given.
MonitorLock = Callable[[Lock], Lock]


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One buyer, or the clerk; tasks of the same kind are interchangeable."""

    kind: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """A bounded sale, and how to set up a new one in an empty folder."""

    tickets: int
    tasks: tuple[TaskSpec, ...]
    set_up: Callable[[Path, MonitorLock], tuple[Store, Guard]]
    search: bool = False
    numbers: Numbers = "before"  # what a bought ticket's number means
    timeouts: bool = False  # whether a wait for a lock may end without it
    built_in: bool = True  # whether all code is ours: what that does under a step is tested
    owned_lock: bool = False  # a tested lock, which only its holder's release frees

    @property
    def staffed(self) -> bool:
        """Whether the last task is a clerk."""
        return self.tasks[-1].kind == CLERK

    @property
    def symmetric(self) -> bool:
        """Whether all buyers are interchangeable."""
        return len({task.kind for task in self.tasks} - {CLERK}) == 1


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a search goes before it ends as not complete."""

    states_max: int = STATES_MAX
    seconds_max: float = SECONDS_MAX
