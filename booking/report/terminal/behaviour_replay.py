"""Show a replay of the counterexample of a purchase function on the terminal."""

from __future__ import annotations

from booking.core.verdict import Outcome
from booking.core.wording import counted
from booking.experiments.behaviours.counterexample_file import BehaviourCounterexample
from booking.experiments.behaviours.exploration import RESTS_ON, answer_of, lines_of
from booking.experiments.behaviours.replay import BehaviourReplayed
from booking.report.terminal.behaviour import step_table
from booking.report.terminal.layout import Block, Command, Line, Part, show_parts, show_verdict

CAVEATS_SHOWN_MAX = 5


def show_behaviour_replayed(
    replayed: BehaviourReplayed, counterexample: BehaviourCounterexample, again: str
) -> None:
    """Print how often a counterexample broke the sale in the same way, and its steps."""
    good = replayed.same == replayed.times
    processes = counted(counterexample.buyers, "real process", "real processes")
    text = f"{replayed.same:,} of {replayed.times:,} the same in {processes}"
    outcome = Outcome.VALID if good else Outcome.UNKNOWN
    names = list(counterexample.anomalies)
    show_verdict(outcome, names, text, "REPLAYED" if good else "UNKNOWN")
    each_ms = 1000 * replayed.elapsed_s / replayed.times
    parts: list[Part] = [Line("time", f"{replayed.elapsed_s:.2f} s, {each_ms:.0f} ms each")]
    if replayed.difference is not None:
        parts.append(Line("expected", next(iter(counterexample.anomalies.values()))))
        parts.append(Line("difference", replayed.difference))
    steps = counted(len(counterexample.steps), "step")
    title = f"{steps} to {counterexample.anomaly}, as the file has them:"
    parts.append(Block(step_table(lines_of(counterexample.steps)), title))
    parts += [Line(f"buyer {at}", answer_of(one)) for at, one in enumerate(replayed.answers)]
    parts += [Line(name, message) for name, message in replayed.anomalies.items()]
    parts += [Line("caveat", caveat) for caveat in replayed.caveats[:CAVEATS_SHOWN_MAX]]
    show_parts([*parts, Line("rests on", RESTS_ON), Command("again", again)])
