"""The result of a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from booking.core.verdict import AnomalyName, Outcome, Verdict
from booking.explorer.transition import Caveat
from booking.history.model import History

Check = Callable[[History], Verdict]
Progress = Callable[[int, int], None]  # states so far, executions so far

# At the end of a sale: what is left, and how many tasks ended how.
End = tuple[int | None, tuple[tuple[str, int], ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One anomaly, and the fewest steps after which it is certain."""

    name: AnomalyName
    schedule: tuple[int, ...]  # the task that takes each step
    message: str = ""


@dataclass(slots=True)
class Exploration:
    """The result of a search: its findings, and how far it went."""

    method: str
    complete: bool = False
    bound: str | None = None  # the limit that ended the search
    states: int = 0
    executions: int = 0
    rechecked: int = 0  # states that a whole execution passed through once more
    interleavings: int | None = None
    violating: int | None = None
    undecided: int = 0  # ends that the checker could not decide
    classes: int | None = None
    findings: dict[AnomalyName, Finding] = field(default_factory=dict)
    caveats: list[Caveat] = field(default_factory=list)
    ends: set[End] = field(default_factory=set)
    fatal: int | None = None  # index of the shortest finding's step after which no order is sound
    first_finding_s: float | None = None
    elapsed_s: float = 0.0

    @property
    def sells(self) -> bool:
        """Whether an order was answered with a ticket at any end; else nothing was at stake."""
        return any(word == "ok" for _, endings in self.ends for word, _ in endings)

    @property
    def outcome(self) -> Outcome:
        """Invalid beats unknown; valid is only a complete search without a caveat."""
        if self.findings:
            return Outcome.INVALID
        if self.complete and not self.caveats and not self.undecided:
            return Outcome.VALID
        return Outcome.UNKNOWN

    @property
    def shortest(self) -> Finding | None:
        """The shortest of all findings; of equally short ones the first found."""
        findings = self.findings.values()
        return min(findings, key=lambda finding: len(finding.schedule), default=None)

    def note(self, name: AnomalyName, schedule: Sequence[int], message: str = "") -> None:
        """Keep a finding, unless the same anomaly was found in as few steps."""
        known = self.findings.get(name)
        if known is None or len(schedule) < len(known.schedule):
            self.findings[name] = Finding(name, tuple(schedule), message)
