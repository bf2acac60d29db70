"""What a search of a purchase function found: figures, outcomes, the counterexample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from msgspec.structs import replace

from booking.explorer.behaviours.buyer import Moved
from booking.explorer.behaviours.smoothing import changes
from booking.processes.behaviour_buyer import Bought

STEPS_MAX = 10_000  # of an execution
REPEATS_MAX = 100  # of executions in which a busy machine was in the way
Method = Literal["reduced", "plain"]
FindAnomalies = Callable[
    [list[Bought]], dict[str, str]
]  # the answers → names of anomalies and messages


@dataclass(slots=True)
class BehaviourFinding:
    """An order of steps that breaks the sale, and how."""

    steps: list[Moved]
    anomalies: dict[str, str]
    answers: list[Bought]
    smooth: list[Moved]  # an equal order with fewer changes of the buyer, not executed yet

    @property
    def length(self) -> tuple[int, int]:
        """Steps, and the fewest changes of the buyer among them: less is shorter."""
        return len(self.steps), changes(self.smooth)


@dataclass(slots=True)
class BehaviourExploration:
    """The result of a search."""

    method: Method
    symmetric: bool = False  # whether orders that differ in names of equal buyers were merged
    complete: bool = False
    bound: str | None = None
    executions: int = 0
    steps: int = 0
    ends: int = 0  # executions that came to their end
    violating: int = 0
    shortest: BehaviourFinding | None = None
    findings: dict[str, str] = field(default_factory=dict)  # name → message of the shortest
    caveats: list[str] = field(default_factory=list)
    outcomes: Counter[tuple[Bought, ...]] = field(default_factory=Counter)  # in the order of text
    sold: bool = False  # whether any purchase was answered with a ticket
    failed: dict[int, str] = field(default_factory=dict)  # buyer → an error of its purchase
    answered: set[int] = field(default_factory=set)  # buyers whose purchase ended without one
    first_finding_s: float | None = None
    elapsed_s: float = 0.0


def without_place(answer: Bought) -> Bought:
    """Return how a purchase ended, wherever in the code."""
    return replace(answer, where="")
