"""Histories held against the exact check and against a checker that tries every order."""

from __future__ import annotations

from booking.checker import Columns, decide
from booking.checker.certificate import verify
from booking.checker.counter.linearization import replay
from booking.checker.counter.reduction import unit_of
from booking.checker.operations import all_operations
from booking.core.verdict import AnomalyName, Outcome
from tests.support.brute_force import linearizable

# Rules about the sale, not about the order: a linearizable history may break them.
BESIDES = {
    AnomalyName.UNDERSELL,
    AnomalyName.STARVATION,
    AnomalyName.TORN_READ,
    AnomalyName.DUPLICATE_PURCHASE,
}


def columns_of(history):
    columns = Columns(tickets=history.tickets, remaining=history.remaining)
    columns.feed(history.events)
    columns.close()
    return columns


def compare(history) -> str:
    columns = columns_of(history)
    inventory = next(iter(columns.inventories.values()))
    decision = decide(columns, want_order=True)
    verdict = decision.verdict
    expected = linearizable(history)
    assert verdict.outcome is not Outcome.UNKNOWN, (verdict.reason, history)
    about_order = [one for one in verdict.anomalies if one.name not in BESIDES]
    assert (not about_order) == expected, (verdict, history)
    unit = unit_of(inventory)
    for proof in decision.certificates:
        ops = all_operations(inventory, "before", proof.constraints)
        assert not proof.is_verifiable or verify(proof, history.tickets, unit, ops), proof
    assert bool(decision.certificates) == bool(about_order)
    if verdict.outcome is Outcome.VALID:
        assert decision.order is not None
        if not inventory.refunded.invoked and not inventory.maybe_refunded.invoked:
            problem = replay(inventory, history.tickets, "before", decision.order)
            assert problem is None, (problem, decision.order, history)
    return verdict.outcome.value


def compare_large(history) -> None:
    """Hold a history that is known to be valid against the checker; replay its linearization."""
    columns = columns_of(history)
    decision = decide(columns, want_order=True)
    assert decision.verdict.outcome is Outcome.VALID, decision.verdict
    inventory = next(iter(columns.inventories.values()))
    assert replay(inventory, history.tickets, "before", decision.order) is None
