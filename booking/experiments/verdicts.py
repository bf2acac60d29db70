"""Decide on a sale: its history, the ends of its processes, its fault plan, its control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from booking.checker import check
from booking.core.order_execution import BUY
from booking.core.scenario import Fault, Scenario
from booking.core.verdict import AnomalyName, Outcome, Verdict, merge
from booking.errors import BookingError
from booking.history.model import History

STUCK = {AnomalyName.HANG, AnomalyName.STALE_LOCK}  # show no race


def verdict_on(history: History, sold: int, faults: Sequence[Fault]) -> Verdict:
    """Return the verdict on a history, on the ends of its processes, and on the fault plan."""
    verdict = merge([check(history), _processes(history), _plan(history, faults)])
    if verdict.outcome is not Outcome.VALID:
        return verdict
    if history.remaining is None:
        return Verdict(
            Outcome.UNKNOWN, "the count at the end could not be read: is the store gone?"
        )
    each = "each once, " if sold > 1 else ""
    reason = f"{sold} of {history.tickets} tickets sold, {each}{history.remaining} left"
    return Verdict(Outcome.VALID, reason, verdict.anomalies)


def without_control(verdict: Verdict, error: BookingError) -> Verdict:
    """Weaken `valid`: without a control, no run has put the guard to the test."""
    if verdict.outcome is not Outcome.VALID:
        return verdict
    advice = "--no-control checks the sale alone"
    return Verdict(Outcome.UNKNOWN, f"the control could not be run: {error}; {advice}")


def against_control(verdict: Verdict, control: Verdict, sold: int, scenario: Scenario) -> Verdict:
    """Weaken `valid` unless the control raced: only then did the guard make a difference.

    `control`, `sold` and `scenario` are the control's.
    """
    if verdict.outcome is not Outcome.VALID:
        return verdict
    if {anomaly.name for anomaly in control.anomalies} - STUCK:
        raced = f"the same sale without the guard raced and sold {sold}"
        return Verdict(Outcome.VALID, f"{verdict.reason}; {raced}")
    advice = "give more buyers or a longer delay"
    if scenario.arrival != "together":
        advice += ", or let them come together"
    if not sold:
        advice = "nothing could be sold; give more tickets or a smaller quantity"
    return Verdict(
        Outcome.UNKNOWN,
        f"the control did not race, so the guard was not put to the test; {advice}",
    )


def against_lock(verdict: Verdict, let_in: Sequence[object]) -> Verdict:
    """Weaken `valid` where the lock let a buyer in while another one held it."""
    if not let_in:
        return verdict
    more = f" (and {len(let_in) - 1} times more)" if len(let_in) > 1 else ""
    evidence = f"{let_in[0]}{more}"
    if verdict.outcome is Outcome.INVALID:
        return replace(verdict, reason=f"{verdict.reason}; {evidence}")
    return replace(verdict, outcome=Outcome.UNKNOWN, reason=f"{evidence}; {verdict.reason}")


def _processes(history: History) -> Verdict:
    """Compare the ends of the processes with the plan: an unplanned death decides nothing."""
    end = history.end
    if end.silent:
        silent = ", ".join(map(str, end.silent))
        reason = f"no buyer took a step, and buyer {silent} was ended; give a longer --timeout"
        return Verdict(Outcome.UNKNOWN, reason)
    crashed = {n: why for n, why in end.deaths.items() if n not in end.planned}
    if crashed:
        number, why = next(iter(crashed.items()))
        more = f" (and {len(crashed) - 1} more)" if len(crashed) > 1 else ""
        process = number if isinstance(number, str) else f"buyer {number}"
        return Verdict(Outcome.UNKNOWN, f"{process} ended early{more}: {why}")
    if not any(event.f == BUY for event in history.events):
        return Verdict(Outcome.UNKNOWN, "no buyer ordered anything, so nothing was put to the test")
    if end.alive or end.zombies or end.orphans:
        return Verdict(Outcome.UNKNOWN, "processes of the sale are left which would not end")
    return Verdict(Outcome.VALID, "every buyer ended")


def _plan(history: History, faults: Sequence[Fault]) -> Verdict:
    """Compare the fault plan with the history: a fault that never struck shows nothing."""
    for number, fault in enumerate(faults):
        if number not in history.end.struck:
            steps = ", ".join(sorted({event.f for event in history.steps()}))
            what = f"{fault.kind} before {fault.before}"
            reason = f"the planned fault never struck ({what}); steps that were taken: {steps}"
            return Verdict(Outcome.UNKNOWN, reason)
    return Verdict(Outcome.VALID, "every planned fault struck")
