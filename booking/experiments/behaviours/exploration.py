"""Explore a purchase function as it is: what is asked for, what comes back, and who does it.

The search runs in a fresh interpreter, because the interceptors must be there before the user's
modules are imported: see `exploration_host`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from booking.core.verdict import Outcome
from booking.experiments.behaviours.host_process import Progress, ask
from booking.explorer.behaviours.buyer import Moved
from booking.explorer.behaviours.exploration import Method
from booking.processes.behaviour_buyer import Bought

BUYERS = 2
Server = Literal["postgres", "redis"]
RESTS_ON = (
    "each statement of an intercepted library is one step; a wait or a sleep lasts until another "
    "buyer has moved; nothing else that the code does is seen by other buyers (what was heard of "
    "such is a caveat)"
)
HOST = "booking.experiments.behaviours.exploration_host"


class BehaviourSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to explore: functions by name, `package.module:name`."""

    behaviour: str
    setup: str
    check: str
    invariant: str | None = None
    init: str | None = None
    buyers: int = BUYERS
    fresh: bool = False
    method: Method = "reduced"
    first: bool = False
    seconds_max: float = 60.0
    servers: list[Server] = []  # private ones, for the user's code
    reset: list[str] = []  # databases, not private, that --setup may reset
    django: dict[str, str] | None = None  # of a test of Django's: alias → database in use
    path: list[str] = []  # of imports: what the caller's interpreter has


class BehaviourStep(msgspec.Struct, frozen=True):
    """One step of a counterexample."""

    buyer: int
    action: str
    text: str
    saw: str
    where: str
    forced: bool = False
    through: tuple[str, ...] = ()  # the interceptor, and packages between it and the code


def shown_step(moved: Moved) -> BehaviourStep:
    """Return a step that was taken, as a counterexample has it."""
    step = moved.step
    told = "  ".join(moved.told)
    return BehaviourStep(
        moved.buyer, step.action, step.text, told, step.where, moved.forced, step.through
    )


class BehaviourOutcome(msgspec.Struct, frozen=True):
    """How the purchases of a sale ended, whichever buyer had which, and in how many orders."""

    orders: int
    answers: list[Bought]


class BehaviourProof(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an exploration of a purchase function."""

    verdict: Outcome
    reason: str
    complete: bool
    bound: str | None
    method: str
    symmetric: bool  # whether orders that differ in the names of equal buyers count once
    tickets: int
    buyers: int
    executions: int
    steps: int
    ends: int
    violating: int
    anomalies: dict[str, str]
    caveats: list[str]
    witness: list[BehaviourStep] | None
    answers: list[Bought]
    outcomes: list[BehaviourOutcome]  # the most frequent first
    models: dict[str, str] = {}  # table → the class that an ORM has for it
    witness_s: float | None
    elapsed_s: float


def explore_behaviour(
    spec: BehaviourSpec, progress: Progress = lambda _steps, _runs: None
) -> BehaviourProof:
    """Explore in a fresh interpreter; raise `BookingError` where that is not possible."""
    return ask(HOST, spec, BehaviourProof, spec.path, progress)


def step_lines(proof: BehaviourProof) -> list[tuple[str, str, str, str, str]]:
    """Return the steps of the counterexample: number, buyer, text, what it saw, and its line."""
    return lines_of(proof.witness or ())


def lines_of(steps: Iterable[BehaviourStep]) -> list[tuple[str, str, str, str, str]]:
    """Return steps as lines: number, buyer, text, what it saw, and its line."""
    return [
        (str(at), f"buyer {step.buyer}", step.text, f"→ {step.saw}" if step.saw else "", step.where)
        for at, step in enumerate(steps, 1)
    ]


def answer_of(bought: Bought) -> str:
    """Return how a purchase ended, in words."""
    if bought.result == "sold":
        named = f" ({', '.join(bought.seats)})" if bought.seats else ""
        return f"{bought.tickets} sold{named}"
    return f"{bought.result}: {bought.error}" if bought.error else bought.result


def again(spec: BehaviourSpec, saved: Path | None = None) -> str:
    """Return the command that explores this again, and writes its counterexample to a file."""
    usual = BehaviourSpec(behaviour="", setup="", check="")
    words = ["booking", "explore", "--behaviour", spec.behaviour, "--setup", spec.setup,
             "--check", spec.check]  # fmt: skip
    for option, value in (("--invariant", spec.invariant), ("--init", spec.init)):
        words += [] if value is None else [option, value]
    words += ["--buyers", str(spec.buyers)] if spec.buyers != usual.buyers else []
    words += ["--method", spec.method] if spec.method != usual.method else []
    words += [word for name in spec.servers for word in ("--with", name)]
    words += [word for name in spec.reset for word in ("--i-may-reset", name)]
    for option, given in (("--fresh", spec.fresh), ("--first", spec.first)):
        words += [option] if given else []
    if spec.seconds_max != usual.seconds_max:
        words += ["--max-seconds", f"{spec.seconds_max:g}"]
    words += [] if saved is None else ["--witness", str(saved)]
    return shlex.join(words)
