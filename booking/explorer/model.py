"""What is explored: who comes for what, and how far the search may go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from booking.core.protocols import Guard, Store

CLERK = "clerk"  # the kind of whoever serves, and does not buy
STATES_MAX = 200_000
SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One buyer who comes: those of the same kind are interchangeable."""

    kind: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """A bounded sale, and how a fresh one is set up in an empty folder."""

    tickets: int
    parties: tuple[TaskSpec, ...]
    set_up: Callable[[Path], tuple[Store, Guard]]
    search: bool = False
    numbers: str = "before"  # what a bought ticket's number means: `Naming` of the judge has it
    timeouts: bool = False  # whether a wait for a lock may end without it

    @property
    def staffed(self) -> bool:
        """Whether the last of them is a clerk."""
        return self.parties[-1].kind == CLERK

    @property
    def alike(self) -> bool:
        """Whether all buyers are interchangeable."""
        return len({party.kind for party in self.parties} - {CLERK}) == 1


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a search goes before it says that it is not complete."""

    states_max: int = STATES_MAX
    seconds_max: float = SECONDS_MAX
