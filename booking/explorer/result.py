"""What a search found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from booking.core.verdict import AnomalyName, Outcome, Verdict
from booking.explorer.transition import Caveat
from booking.history.model import History

Judge = Callable[[History], Verdict]
Progress = Callable[[int, int], None]  # states so far, executions so far

# At the end of a sale: what is left, and how many buyers ended how.
End = tuple[int | None, tuple[tuple[str, int], ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One anomaly, and the fewest steps after which it is certain."""

    name: AnomalyName
    schedule: tuple[int, ...]  # who takes each step
    message: str = ""


@dataclass(slots=True)
class Exploration:
    """The result of a search: what it found, how far it went."""

    method: str
    complete: bool = False
    bound: str | None = None
    states: int = 0
    executions: int = 0
    rechecked: int = 0  # states that a whole execution passed through once more
    interleavings: int | None = None
    violating: int | None = None
    undecided: int = 0  # ends that the judge could not decide
    classes: int | None = None
    findings: dict[AnomalyName, Finding] = field(default_factory=dict)
    doubts: list[Caveat] = field(default_factory=list)
    ends: set[End] = field(default_factory=set)
    fatal: int | None = None  # index of the witness's step after which no order is sound
    witness_s: float | None = None
    elapsed_s: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """Invalid beats unknown; valid is only what is complete and beyond doubt."""
        if self.findings:
            return Outcome.INVALID
        if self.complete and not self.doubts and not self.undecided:
            return Outcome.VALID
        return Outcome.UNKNOWN

    @property
    def witness(self) -> Finding | None:
        """The shortest of all findings; of equally short ones the first found."""
        return min(self.findings.values(), key=lambda one: len(one.schedule), default=None)

    def note(self, name: AnomalyName, schedule: Sequence[int], message: str = "") -> None:
        """Keep a finding, unless the same was found in fewer steps."""
        known = self.findings.get(name)
        if known is None or len(schedule) < len(known.schedule):
            self.findings[name] = Finding(name, tuple(schedule), message)
