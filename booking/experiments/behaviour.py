"""Explore a purchase function as it is: what is asked for, what comes back, and who does it.

The search runs in a fresh interpreter, because the interceptors must be there before the user's
modules are imported: see `behaviour_host`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Literal

import msgspec

from booking.core.verdict import Outcome
from booking.errors import BookingError, ExitCode
from booking.explorer.behaviours.search import Method
from booking.processes.behaviour_buyer import Bought

BUYERS = 2
Server = Literal["postgres", "redis"]
RESTS_ON = (
    "each statement of an intercepted library is one step; nothing else that the code does is seen "
    "by other buyers (what was heard of such is a caveat)"
)
HOST = "booking.experiments.behaviour_host"


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
    path: list[str] = []  # of imports: what the caller's interpreter has


class BehaviourStep(msgspec.Struct, frozen=True):
    """One step of a counterexample."""

    buyer: int
    action: str
    text: str
    saw: str
    where: str
    forced: bool = False


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
    witness_s: float | None
    elapsed_s: float

    def assert_valid(self) -> None:
        """Raise `AssertionError` with the counterexample, or with why nothing is proved."""
        __tracebackhide__ = True
        if self.verdict is not Outcome.VALID:
            raise AssertionError(told(self))


class _Message(msgspec.Struct):
    """A line of the host: how far the search is, its result, or an error."""

    kind: Literal["progress", "proof", "error"]
    steps: int = 0
    executions: int = 0
    proof: BehaviourProof | None = None
    code: int = 0
    message: str = ""


decode_message = msgspec.json.Decoder(_Message).decode
encode_message = msgspec.json.Encoder().encode
Message = _Message


class HostError(BookingError):
    """The user's functions cannot be explored; the code is the host's."""


def explore_behaviour(
    spec: BehaviourSpec, progress: Callable[[int, int], None] = lambda _steps, _runs: None
) -> BehaviourProof:
    """Explore in a fresh interpreter; raise `BookingError` where that is not possible."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", HOST],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(spec.path)},
    ) as host:  # fmt: skip
        assert host.stdin is not None
        assert host.stdout is not None
        try:
            host.stdin.write(msgspec.json.encode(spec))
            host.stdin.close()
            for line in host.stdout:
                message = decode_message(line)
                if message.kind == "progress":
                    progress(message.steps, message.executions)
                elif message.proof is not None:
                    return message.proof
                else:
                    raise _error(message)
        except BaseException:
            host.terminate()
            raise
    raise HostError(f"the exploration ended with code {host.returncode} and without a result")


def _error(message: Message) -> BookingError:
    error = HostError(message.message)
    error.exit_code = ExitCode(message.code)
    return error


def step_lines(proof: BehaviourProof) -> list[tuple[str, str, str, str, str]]:
    """Return the steps of the counterexample: number, buyer, text, what it saw, and its line."""
    return [
        (str(at), f"buyer {step.buyer}", step.text, f"→ {step.saw}" if step.saw else "", step.where)
        for at, step in enumerate(proof.witness or (), 1)
    ]


def answer_of(bought: Bought) -> str:
    """Return how a purchase ended, in words."""
    if bought.result == "sold":
        named = f" ({', '.join(bought.seats)})" if bought.seats else ""
        return f"{bought.tickets} sold{named}"
    return f"{bought.result}: {bought.error}" if bought.error else bought.result


def told(proof: BehaviourProof) -> str:
    """Return a result as text: the verdict, the counterexample, how each purchase ended."""
    names = ", ".join(proof.anomalies)
    lines = [f"{proof.verdict.upper()}  {names + ': ' if names else ''}{proof.reason}"]
    lines += ["  ".join(cell for cell in line if cell) for line in step_lines(proof)]
    if proof.witness:
        lines += [f"buyer {at}: {answer_of(one)}" for at, one in enumerate(proof.answers)]
    return "\n".join(lines)


def again(spec: BehaviourSpec) -> str:
    """Return the command that explores this again."""
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
    return shlex.join(words)
