"""Histories held against the exact check and against a checker that tries every order."""

from __future__ import annotations

from booking.checker import Columns, decide
from booking.checker.certificate import operations, verify
from booking.checker.linearization import replay
from booking.checker.reduction import unit_of
from booking.core.verdict import AnomalyName, Outcome
from tests.support.brute_force import linearizable

# Rules about the sale, not about the order: a linearizable history may break them.
BESIDES = {
    AnomalyName.UNDERSELL,
    AnomalyName.STARVATION,
    AnomalyName.TORN_READ,
    AnomalyName.DUPLICATE_PURCHASE,
}


def ledger_of(history):
    ledger = Columns(tickets=history.tickets, remaining=history.remaining)
    ledger.feed(history.events)
    ledger.close()
    return ledger


def compare(history) -> str:
    ledger = ledger_of(history)
    here = next(iter(ledger.inventories.values()))
    decision = decide(ledger, want_order=True)
    verdict = decision.verdict
    expected = linearizable(history)
    assert verdict.outcome is not Outcome.UNKNOWN, (verdict.reason, history)
    about_order = [one for one in verdict.anomalies if one.name not in BESIDES]
    assert (not about_order) == expected, (verdict, history)
    unit = unit_of(here)
    for proof in decision.certificates:
        assert verify(proof, history.tickets, unit, operations(here, "before", proof.parts))
    if verdict.outcome is Outcome.VALID:
        assert decision.order is not None
        if not here.refunded.invoked and not here.maybe_refunded.invoked:
            problem = replay(here, history.tickets, "before", decision.order)
            assert problem is None, (problem, decision.order, history)
    return verdict.outcome.value


def compare_large(history) -> None:
    """Hold a history that is known to be valid against the checker; replay the witness."""
    ledger = ledger_of(history)
    decision = decide(ledger, want_order=True)
    assert decision.verdict.outcome is Outcome.VALID, decision.verdict
    here = next(iter(ledger.inventories.values()))
    assert replay(here, history.tickets, "before", decision.order) is None
