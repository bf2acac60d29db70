"""Whether anything was at stake in a sale: one in which nothing can go wrong shows nothing.

`check` judges what was answered, and whether anything was sold. A sale is a test of a store, a
guard and a lock as well: without two orders at a time they were not tested.
"""

from __future__ import annotations

from booking.checker.rules.at_stake import NOTHING_AT_STAKE
from booking.core.order_execution import BUY
from booking.core.verdict import Outcome, Verdict
from booking.history.model import History

ENDS = frozenset({"ok", "fail", "info"})
NO_CONTROL = "no control was run, so nothing shows that it races without its guard"


def with_stakes(verdict: Verdict, history: History, *, controlled: bool, met: bool) -> Verdict:
    """Weaken `valid` where nothing was at stake.

    `controlled`: a control shows whether the sale races. `met`: buyers met, although the history
    shows no two orders at a time.
    """
    if verdict.outcome is not Outcome.VALID:
        return verdict
    why = None if controlled or met else _alone(history)
    if why is None:
        return verdict
    return Verdict(Outcome.UNKNOWN, f"{NOTHING_AT_STAKE}: {why}")


def without_control_run(verdict: Verdict) -> Verdict:
    """Add to the reason of a `valid` guarded sale that its control was left out."""
    if verdict.outcome is not Outcome.VALID:
        return verdict
    return Verdict(Outcome.VALID, f"{verdict.reason}; {NO_CONTROL}", verdict.anomalies)


def _alone(history: History) -> str | None:
    """Return why no order can have met another; None where two overlap."""
    if history.end.started == 1:
        return "there was one buyer; give --buyers 2 or more"
    if _overlap(history):
        return None
    return "no two orders overlapped; let buyers come together, with a longer --delay or a --seed"


def _overlap(history: History) -> bool:
    """Return whether an order began before another buyer's had ended."""
    begun: set[int | str] = set()
    for event in history.events:
        if event.f != BUY:
            continue
        if event.type == "invoke":
            if begun - {event.process}:
                return True
            begun.add(event.process)
        elif event.type in ENDS:
            begun.discard(event.process)
    return False
