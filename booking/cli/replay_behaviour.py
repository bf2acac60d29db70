"""`booking replay` of the counterexample of a purchase function."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from booking.experiments.behaviours.counterexample_file import BehaviourCounterexample


def run(
    counterexample: BehaviourCounterexample,
    times: int,
    reset: list[str],
    again: str,
    *,
    as_json: bool,
) -> int:
    """Replay a counterexample, show the result, and return the exit code."""
    from booking.errors import ExitCode
    from booking.experiments.behaviours.replay import replay_behaviour
    from booking.report import documents
    from booking.report.behaviour_replay_document import behaviour_replay_document
    from booking.report.terminal.behaviour_replay import show_behaviour_replayed
    from booking.report.terminal.progress import progress

    with progress() as display:
        replayed = replay_behaviour(
            counterexample, times, reset=reset,
            progress=lambda done, all_of: display.update("replaying", done, all_of),
        )  # fmt: skip
    if as_json:
        documents.show(behaviour_replay_document(replayed, counterexample))
    else:
        show_behaviour_replayed(replayed, counterexample, again)
    return ExitCode.AS_EXPECTED if replayed.same == replayed.times else ExitCode.UNKNOWN
