"""Replay the counterexample of a purchase function: what is asked for, and what comes back."""

from __future__ import annotations

import msgspec

from booking.core.verdict import Outcome
from booking.errors import UsageError
from booking.experiments.behaviours.counterexample_file import BehaviourCounterexample
from booking.experiments.behaviours.host_process import Progress, ask, import_path
from booking.experiments.replay import TIMES_MAX
from booking.processes.behaviour_buyer import Bought

HOST = "booking.experiments.behaviours.replay_host"


class ReplayRequest(msgspec.Struct, frozen=True):
    """What to replay, how often; databases that may be reset; where imports come from."""

    counterexample: BehaviourCounterexample
    times: int
    reset: list[str]
    path: list[str]


class BehaviourReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """How often a counterexample came out the same, and the first time that it did not."""

    times: int
    same: int
    difference: str | None  # with the line of the code
    anomalies: dict[str, str]  # of the first time
    answers: list[Bought]
    caveats: list[str]
    elapsed_s: float

    @property
    def outcome(self) -> Outcome:
        """Invalid: it broke the sale every time; anything else decides nothing."""
        return Outcome.INVALID if self.same == self.times else Outcome.UNKNOWN


def replay_behaviour(
    counterexample: BehaviourCounterexample,
    times: int = 1,
    *,
    reset: list[str] | None = None,
    path: list[str] | None = None,
    progress: Progress = lambda _done, _times: None,
) -> BehaviourReplayed:
    """Execute a counterexample in its order, that often; raise `BookingError` where it can't be."""
    if not 1 <= times <= TIMES_MAX:
        raise UsageError(f"--times: {times} is not between 1 and {TIMES_MAX}")
    imports = import_path() if path is None else path
    request = ReplayRequest(counterexample, times, reset or [], imports)
    return ask(HOST, request, BehaviourReplayed, imports, progress)
