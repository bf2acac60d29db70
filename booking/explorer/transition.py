"""What one step does: the vocabulary that every search shares."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

NEVER = -1  # what an acquire saw that was neither had nor refused: its transaction is lost


class Step(NamedTuple):
    """One announced step, and the operation that begins with it, if one does."""

    action: str
    resource: str
    value: int | None = None
    begins: str | None = None

    def __str__(self) -> str:
        value = "" if self.value is None else f" {self.value}"
        return f"{self.action} {self.resource}{value}"


class Done(NamedTuple):
    """One completed operation."""

    f: str
    type: str
    value: int | None
    quantity: int
    error: str | None = None


class Transition(NamedTuple):
    """What happened when a buyer was let through its step, up to its next one."""

    seen: tuple[Hashable, ...]  # all that the buyer's code learnt
    done: tuple[Done, ...]  # operations that completed
    next: Step | None  # None: this buyer has finished
    saw: int | None  # what the step told
    refused: bool  # it was an acquire and the lock was not had, or a mailbox was empty
    holds: tuple[str, ...]  # locks this buyer holds now
    content: int  # number of the shared content now


@dataclass(frozen=True, slots=True)
class Caveat:
    """Why nothing can be proved: what was seen, and where."""

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Inconclusive(Exception):  # noqa: N818 - an answer, not an error
    """The search cannot go on; its result is unknown."""

    def __init__(self, doubt: Caveat) -> None:
        super().__init__(str(doubt))
        self.doubt = doubt


def refusal(resource: str) -> Caveat:
    """Say that a lock contradicts what its steps tell."""
    return Caveat(
        "the lock said no although nobody holds it: its steps do not tell the truth, "
        "or it waits for something that is not explored",
        f"acquire {resource}",
    )


def ended_how(outcome: tuple[tuple[str, str, str | None], ...], *, waits: bool) -> str:
    """Say in a word or two how a buyer ended."""
    if waits:
        return "waits"
    _, kind, error = outcome[-1] if outcome else ("", "nothing", None)
    return f"{kind} {error}" if error else kind
