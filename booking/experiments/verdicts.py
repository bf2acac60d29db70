"""Decide on a sale: by its history, which says how its processes ended, and by its control."""

from __future__ import annotations

from booking.checker import check
from booking.core.order_execution import BUY
from booking.core.protocols import SOLD_OUT
from booking.core.scenario import Scenario
from booking.core.verdict import AnomalyName, Outcome, Verdict
from booking.core.wording import counted
from booking.errors import BookingError
from booking.history.model import History

REPLIES = frozenset({"ok", "fail", "info"})
STUCK = {AnomalyName.HANG, AnomalyName.STALE_LOCK}  # show no race


def verdict_on(history: History, sold: int) -> Verdict:
    """Return the verdict on a sale's history, as `check` of its file; state what was sold."""
    verdict = check(history, answers_needed=True)
    if verdict.outcome is not Outcome.VALID:
        return verdict
    each = "each once, " if sold > 1 else ""
    tickets = counted(history.tickets or 0, "ticket")
    reason = f"{sold:,} of {tickets} sold, {each}{history.remaining} left"
    return Verdict(Outcome.VALID, reason, verdict.anomalies)


def without_control(verdict: Verdict, error: BookingError) -> Verdict:
    """Weaken `valid`: without a control, no run has put the guard to the test."""
    if verdict.outcome is not Outcome.VALID:
        return verdict
    advice = "--no-control checks the sale alone"
    return Verdict(Outcome.UNKNOWN, f"the control could not be run: {error}; {advice}")


def against_control(
    verdict: Verdict, control: Verdict, history: History, scenario: Scenario
) -> Verdict:
    """Weaken `valid` unless the control raced: only then did the guard make a difference.

    `control`, `history` and `scenario` are the control's.
    """
    if verdict.outcome is not Outcome.VALID:
        return verdict
    if {anomaly.name for anomaly in control.anomalies} - STUCK:
        oks = [event for event in history.events if event.f == BUY and event.type == "ok"]
        sold = sum(event.quantity for event in oks)
        raced = f"the same sale without the guard raced and sold {sold}"
        return Verdict(Outcome.VALID, f"{verdict.reason}; {raced}")
    why = _why_it_did_not_race(control, history, scenario)
    return Verdict(
        Outcome.UNKNOWN,
        f"the control did not race, so the guard was not put to the test; {why}",
    )


def _why_it_did_not_race(control: Verdict, history: History, scenario: Scenario) -> str:
    """Return what is known of it, or what would let it race."""
    replies = [event for event in history.events if event.f == BUY and event.type in REPLIES]
    sold_nothing = all(event.type != "ok" for event in replies)
    errors = [event.error for event in replies if event.error not in {None, SOLD_OUT}]
    all_ended = control.outcome is not Outcome.INVALID and not history.end.deaths
    if sold_nothing and errors and all_ended:
        return f"the control sold nothing: {errors[0]}"
    if control.outcome is not Outcome.VALID:
        return f"of the control itself: {control.reason}"
    if sold_nothing:
        return "nothing could be sold; give more tickets or a smaller quantity"
    advice = "give more buyers or a longer delay"
    if scenario.arrival != "together":
        advice += ", or let them come together"
    return advice
