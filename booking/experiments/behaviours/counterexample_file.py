"""The counterexample of a purchase function, as a JSON file: all that executes it again.

Steps are statements, with what they were told. Lines of code are kept for people: code that moved
is the same code. The file names functions, so it is replayed only where the caller allows code;
which databases may be reset is never the file's to decide.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

from booking.core.counterexample import decoded
from booking.core.data_files import CODE, Permission
from booking.errors import UsageError
from booking.experiments.behaviours.exploration import (
    BehaviourProof,
    BehaviourSpec,
    BehaviourStep,
    Server,
)
from booking.explorer.behaviours.exploration import STEPS_MAX
from booking.processes.behaviour_buyer import Result
from booking.system.output import write_output

VERSION = 1
FUNCTIONS = ("behaviour", "setup", "check", "invariant", "init")


class SavedAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a purchase ended."""

    result: Result
    tickets: int = 0
    seats: list[str] = []
    error: str = ""


class BehaviourCounterexample(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase function, the steps of its buyers that break the sale, and what they break."""

    version: int = VERSION
    behaviour: str
    setup: str
    check: str
    invariant: str | None = None
    init: str | None = None
    servers: list[Server] = []
    fresh: bool = False
    buyers: int
    tickets: int
    anomalies: dict[str, str]
    steps: list[BehaviourStep]
    answers: list[SavedAnswer]

    @property
    def anomaly(self) -> str:
        """The first thing that is wrong."""
        return next(iter(self.anomalies))


class _Kind(msgspec.Struct):
    """What tells this file from the counterexample of a store."""

    behaviour: str


def counterexample_of(proof: BehaviourProof, spec: BehaviourSpec) -> BehaviourCounterexample | None:
    """Return the counterexample of an exploration; None where it found none."""
    if proof.witness is None:
        return None
    return BehaviourCounterexample(
        behaviour=spec.behaviour, setup=spec.setup, check=spec.check, invariant=spec.invariant,
        init=spec.init, servers=list(spec.servers), fresh=spec.fresh,
        buyers=spec.buyers, tickets=proof.tickets, anomalies=proof.anomalies, steps=proof.witness,
        answers=[
            SavedAnswer(one.result, one.tickets, list(one.seats), one.error)
            for one in proof.answers
        ],
    )  # fmt: skip


def spec_of(saved: BehaviourCounterexample, reset: list[str], path: list[str]) -> BehaviourSpec:
    """Return what was explored; the caller says what may be reset, and where imports come from."""
    return BehaviourSpec(
        behaviour=saved.behaviour, setup=saved.setup, check=saved.check, invariant=saved.invariant,
        init=saved.init, servers=list(saved.servers), fresh=saved.fresh,
        buyers=saved.buyers, reset=reset, path=path,
    )  # fmt: skip


def save(saved: BehaviourCounterexample, path: Path, option: str = "--witness") -> None:
    """Write a counterexample, whole; an error names the option that asked for it."""
    document = msgspec.json.format(msgspec.json.encode(saved), indent=1) + b"\n"
    write_output(option, path, [document])


def is_behaviour(document: bytes) -> bool:
    """Return whether a file is the counterexample of a purchase function, right or wrong."""
    try:
        msgspec.json.decode(document, type=_Kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def parse(document: bytes, path: Path, allowed: Permission) -> BehaviourCounterexample:
    """Return the counterexample of a file; raise `UsageError` with what is wrong in it."""
    saved = decoded(document, path, BehaviourCounterexample, VERSION)
    if problem := _problem(saved):
        raise UsageError(f"{path}: {problem}")
    if not allowed.code:
        raise UsageError(f"{path}: behaviour: {saved.behaviour!r} {CODE}")
    return saved


def _problem(saved: BehaviourCounterexample) -> str | None:
    """Return what no exploration writes."""
    outside = [step.buyer for step in saved.steps if not 0 <= step.buyer < saved.buyers]
    if outside:
        return f"a step of buyer {outside[0]}, who is not among the buyers"
    if len(saved.answers) != saved.buyers:
        return f"{len(saved.answers)} answers of {saved.buyers} buyers"
    if not saved.anomalies or not 1 <= len(saved.steps) <= STEPS_MAX:
        return f"no witness: it needs an anomaly, and 1 to {STEPS_MAX:,} steps"
    return None


def replay_command(path: Path, reset: list[str], times: int = 100) -> str:
    """Return the command that replays a file."""
    name = f"./{path}" if str(path).startswith("-") else str(path)
    words = ["booking", "replay", name, "--times", str(times), "--allow-code"]
    return shlex.join(words + [word for one in reset for word in ("--i-may-reset", one)])
