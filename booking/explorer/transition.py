"""What one step does: the vocabulary that every search shares."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

# How an operation ended: its name, its type, its error.
Ending = tuple[str, str, str | None]


class Step(NamedTuple):
    """One announced step, and the operation that begins with it, if any."""

    action: str
    resource: str
    value: int | None = None
    begins: str | None = None

    def __str__(self) -> str:
        value = "" if self.value is None else f" {self.value}"
        return f"{self.action} {self.resource}{value}"


class CompletedOperation(NamedTuple):
    """One completed operation, with all of it that is the same in every execution."""

    f: str
    type: str
    value: int | str | None
    quantity: int
    error: str | None = None


class Transition(NamedTuple):
    """What happened from one step of a task, inclusive, up to its next step."""

    observed: tuple[Hashable, ...]  # all that the task's code was told
    completed: tuple[CompletedOperation, ...]
    next: Step | None  # None: the task has finished
    saw: int | None  # what the step gave
    refused: bool  # the lock was not acquired, or the mailbox was empty
    holds: tuple[str, ...]  # locks that the task holds now
    content: int  # number of the shared content now


@dataclass(frozen=True, slots=True)
class Caveat:
    """Why nothing can be proved: what was observed, and where."""

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Inconclusive(Exception):  # noqa: N818 - an answer, not an error
    """The search cannot go on; its result is unknown."""

    def __init__(self, caveat: Caveat) -> None:
        super().__init__(str(caveat))
        self.caveat = caveat


class BoundReached(Exception):  # noqa: N818 - an answer, not an error
    """A limit was reached in the middle of an execution; `bound` names it."""

    def __init__(self, bound: str) -> None:
        super().__init__(bound)
        self.bound = bound


def free_lock_refused(resource: str) -> Caveat:
    """Return the caveat of a lock that contradicts the steps it announces."""
    return Caveat(
        "the lock was refused although no task holds it: it does something else than its steps "
        "announce, or it waits for something that is not explored",
        f"acquire {resource}",
    )


def ended_as(endings: tuple[Ending, ...], *, waits: bool) -> str:
    """Return in a word or two how a task ended."""
    if waits:
        return "waits"
    _, kind, error = endings[-1] if endings else ("", "nothing", None)
    return f"{kind} {error}" if error else kind
