"""One buyer of an execution: its process, where it stands, and the steps that it took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Literal, NamedTuple, Protocol

from booking.instrument.seam import Announcement, Touch
from booking.processes.behaviour_buyer import RUN, Bought

State = Literal["running", "ready", "refused", "waiting", "ended"]


class Waits(Protocol):
    """A server in which statements of buyers wait for one another, by its sessions' numbers."""

    may_stop: bool  # whether its sessions can be held; otherwise the server decides who wakes

    def blockers(self, sessions: Iterable[int]) -> dict[int, frozenset[int]]:
        """Return which sessions each of these waits for."""

    def stop(self, session: int) -> bool:
        """Hold a session that waits; return False where it was too late to decide its wait."""

    def is_victim(self, told: Sequence[str]) -> bool:
        """Return whether a statement was told that it was the victim of a deadlock."""

    def go_on(self, session: int) -> None:
        """Continue a session."""

    def touched(self, session: int) -> frozenset[Touch]:
        """Return what the open transaction of a session has touched so far."""


class Disturbed(Exception):  # noqa: N818 - no error: the execution is repeated
    """The machine was so busy that the server chose what the explorer chooses."""


class Relearned(Exception):  # noqa: N818 - no error: the search begins again, and knows more
    """A step that waited touched more than was known when it began."""


class Moved(NamedTuple):
    """One step that was taken: by whom, what it was, and what the code was told."""

    buyer: int
    step: Announcement
    told: tuple[str, ...]
    forced: bool  # no other buyer could go on, so the time limit of its wait struck
    begins: bool
    ends: bool


@dataclass(slots=True)
class BehaviourBuyer:
    """One buyer's process, and where it stands in this execution."""

    number: int
    pid: int
    line: Connection
    state: State = "ended"
    next: Announcement | None = None
    bought: Bought | None = None
    sleeps: bool = False
    steps: int = 0
    told: list[str] = field(default_factory=list)
    session: int = 0  # of a server, in which its next step may have to wait
    touched: frozenset[Touch] = frozenset()  # what is known of a step that waits

    def begin(self) -> None:
        """Have it buy, as if it had never bought before."""
        self.state, self.next, self.bought, self.sleeps = "running", None, None, False
        self.steps, self.told, self.session = 0, [], 0
        self.line.send_bytes(RUN)
