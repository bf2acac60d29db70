"""The interpreter in which the counterexample of a purchase function is replayed.

The buyers are those of an exploration: processes behind interceptors, held at each step. The file
has the order; each statement, and each result, must be the one that the file has.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from booking.experiments.behaviours.counterexample_file import (
    BehaviourCounterexample,
    SavedAnswer,
    spec_of,
)
from booking.experiments.behaviours.exploration import BehaviourStep, shown_step
from booking.experiments.behaviours.exploration_host import Opened, opened
from booking.experiments.behaviours.host_process import Progress, serve
from booking.experiments.behaviours.replay import BehaviourReplayed, ReplayRequest
from booking.explorer.behaviours.buyer import Disturbed, Moved, Relearned
from booking.explorer.behaviours.exploration import REPEATS_MAX
from booking.explorer.transition import Inconclusive
from booking.processes.behaviour_buyer import Bought

SHOWN_MAX = 120  # characters of a statement, in a difference


class Differs(Exception):  # noqa: N818 - no error: it is the result of this time
    """An execution went another way than the counterexample."""


@dataclass(slots=True)
class _Result:
    """The outcome of one time, and where it differs from the counterexample."""

    problem: str | None = None
    anomalies: dict[str, str] = field(default_factory=dict)
    answers: list[Bought] = field(default_factory=list)


def main() -> None:
    """Replay what standard input asks for; write messages to standard output."""
    serve(ReplayRequest, replay)


def replay(request: ReplayRequest, progress: Progress) -> BehaviourReplayed:
    """Execute the counterexample so many times; raise `UsageError` where it cannot be."""
    saved, start_s = request.counterexample, time.monotonic()
    with opened(spec_of(saved, request.reset, request.path)) as session:
        results: list[_Result] = []
        if (problem := _warmed(saved, session)) is not None:
            results = [_Result(problem)] * request.times
        while len(results) < request.times:
            results.append(_execution(saved, session))
            progress(len(results), request.times)
        caveats = list(dict.fromkeys([*session.caveats, *session.buyers.doubts]))
    different = [at for at, result in enumerate(results, 1) if result.problem is not None]
    return BehaviourReplayed(
        times=request.times, same=request.times - len(different),
        difference=f"replay {different[0]}: {results[different[0] - 1].problem}"
        if different else None,
        anomalies=results[0].anomalies, answers=results[0].answers, caveats=caveats,
        elapsed_s=time.monotonic() - start_s,
    )  # fmt: skip


def _warmed(saved: BehaviourCounterexample, session: Opened) -> str | None:
    """Have each buyer buy once alone, as the exploration did; return why that is no beginning."""
    if session.tickets != saved.tickets:
        return (
            f"--setup leaves {session.tickets} tickets, and there were {saved.tickets} when the "
            "counterexample was found"
        )
    try:
        session.buyers.warm(session.reset)
    except Inconclusive as inconclusive:
        return str(inconclusive.caveat)
    return None


def _execution(saved: BehaviourCounterexample, session: Opened) -> _Result:
    """Execute the counterexample once; again where a busy machine was in the way."""
    for _ in range(REPEATS_MAX):
        result = _Result()
        session.reset()
        session.buyers.begin()
        try:
            _follow(saved, session, result)
        except (Disturbed, Relearned):
            continue
        except Differs as differs:
            result.problem = str(differs)
        except Inconclusive as inconclusive:
            result.problem = str(inconclusive.caveat)
        finally:
            session.buyers.end()
        return result
    return _Result("the machine is too busy: a server decided what a replay decides")


def _follow(saved: BehaviourCounterexample, session: Opened, result: _Result) -> None:
    """Take the steps of the counterexample; raise `Differs` at the first that is another."""
    buyers = session.buyers
    for number, step in enumerate(saved.steps, 1):
        buyer = buyers.buyers[step.buyer]
        able = buyer.state == "refused" or step.buyer in buyers.enabled()
        if not able or buyer.next is None:
            raise Differs(f"{step.where}: step {number}, {shown(step)}: {_instead(buyer.state)}")
        announced = buyer.next
        moved = buyers.take(step.buyer, forced=step.forced)
        if moved is None:
            raise Differs(
                f"{announced.where}: step {number}, {shown(step)}: another buyer is in its way now"
            )
        if (problem := _unlike(step, moved)) is not None:
            raise Differs(f"{moved.step.where or step.where}: step {number}: {problem}")
    if left := [buyers.buyers[number] for number in buyers.enabled()]:
        buyer = left[0]
        text = f"buyer {buyer.number} goes on" + (f": {buyer.next.text}" if buyer.next else "")
        place = buyer.next.where if buyer.next else ""
        raise Differs(f"{place}: behind the last step {text[:SHOWN_MAX]}")
    hung = buyers.hung
    result.answers = [
        Bought("hung") if buyer.number in hung else buyer.bought or Bought("unknown")
        for buyer in buyers.buyers
    ]
    result.anomalies = session.functions.find_anomalies(session.tickets, result.answers)
    _ensure_same_end(saved, result)


def shown(step: BehaviourStep) -> str:
    """Return a step of the file, in short."""
    return f"buyer {step.buyer}: {step.text}"[:SHOWN_MAX]


def _instead(state: str) -> str:
    """Return what a buyer does that cannot take its step."""
    return {
        "ended": "its purchase has ended before",
        "waiting": "it still waits inside the server",
        "refused": "another buyer is in its way now",
    }.get(state, "it does not come to it")


def _unlike(expected: BehaviourStep, moved: Moved) -> str | None:
    """Return how a step differs from the counterexample's; lines of code may move."""
    got = shown_step(moved)
    if (got.action, got.text) != (expected.action, expected.text):
        return f"expected {shown(expected)}, got {got.text[:SHOWN_MAX]}"
    if got.saw != expected.saw:
        return f"{shown(expected)}: expected {_cut(expected.saw)}, got {_cut(got.saw)}"
    if got.forced != expected.forced:
        limit = "its time limit struck" if expected.forced else "no time limit struck"
        return f"{shown(expected)}: expected that {limit}"
    return None


def _cut(told: str) -> str:
    return repr(told[:SHOWN_MAX])


def _ensure_same_end(saved: BehaviourCounterexample, result: _Result) -> None:
    """Raise `Differs` where buyers were answered otherwise, or something else is wrong."""
    now = [SavedAnswer(one.result, one.tickets, list(one.seats), one.error)
           for one in result.answers]  # fmt: skip
    for number, (before, after) in enumerate(zip(saved.answers, now, strict=True)):
        if before != after:
            place = result.answers[number].where or saved.behaviour
            raise Differs(
                f"{place}: buyer {number} was answered {_told(before)}, and now {_told(after)}"
            )
    if saved.anomalies.keys() != result.anomalies.keys():
        raise Differs(
            f"{saved.check}: expected {_names(saved.anomalies)}, got {_names(result.anomalies)}"
        )


def _names(anomalies: Sequence[str] | dict[str, str]) -> str:
    return ", ".join(anomalies) or "a sound sale"


def _told(answer: SavedAnswer) -> str:
    """Return how a purchase ended, in words."""
    named = f" ({', '.join(answer.seats)})" if answer.seats else ""
    sold = f"{answer.tickets} sold{named}" if answer.result == "sold" else answer.result
    return f"{sold}: {answer.error}"[:SHOWN_MAX] if answer.error else sold


if __name__ == "__main__":
    main()
