"""Whether anything was at stake in a sale: one in which nothing can go wrong shows nothing.

`check` decides on what was answered, and whether anything was sold. A sale is a test of a store, a
guard and a lock as well: without two orders at a time they were not tested.
"""

from __future__ import annotations

from booking.checker.rules.at_stake import NOTHING_AT_STAKE
from booking.core.assembly import Assembly
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


def uncontrolled(verdict: Verdict, why: str = NO_CONTROL) -> Verdict:
    """Add to the reason of a `valid` guarded sale that no control followed it, and why."""
    if verdict.outcome is not Outcome.VALID:
        return verdict
    return Verdict(Outcome.VALID, f"{verdict.reason}; {why}", verdict.anomalies)


def no_write(assembly: Assembly) -> str:
    """Return why the sale of a store without `write` has no control."""
    return (
        f"there is no control, because store {assembly.shown_store} has no write: it is never "
        "sold from without its guard"
    )


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
