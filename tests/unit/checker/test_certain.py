"""What sums and two observations show is decided without taking orders apart."""

from __future__ import annotations

import pytest

from booking.checker import decide
from booking.checker.certificate import verify
from booking.checker.counter.reduction import SINGLE_SALES_MAX, unit_of
from booking.checker.operations import operations
from booking.core.verdict import Outcome
from tests.support.checking import columns_of
from tests.support.histories import history_of
from tests.support.planted_histories import buy, dies, fails, search

HALF = 2 * SINGLE_SALES_MAX  # as tickets of one order: too many to be taken one by one

FAULTS = {
    "oversell": (
        [buy(1, 0, 1, quantity=HALF), buy(2, 2, 3, quantity=HALF + 1), buy(3, 4, 5)],
        None,
        ("overfull", {"oversell"}),
    ),
    "lost-update": (
        [buy(1, 0, 1, quantity=HALF), buy(2, 2, 3, quantity=3)],
        HALF,
        ("overfull", {"lost-update"}),
    ),
    "lost-ticket": (
        [buy(1, 0, 1, quantity=HALF), dies(2, 2, 3)],
        HALF - 4,
        ("starved", {"lost-ticket"}),
    ),
    "negative": (
        [buy(1, 0, 1, quantity=HALF), buy(2, 2, 3, quantity=3), search(3, 4, 5, -3)],
        None,
        ("out of range", {"negative-stock", "lost-ticket"}),
    ),
    "rose": (
        [buy(1, 0, 9, quantity=HALF), search(2, 0, 1, HALF), search(3, 2, 3, 2 * HALF),
         buy(4, 4, 5, quantity=3)],
        None,
        ("rose", {"stale-read"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_certain_fault_among_too_many_tickets_is_proved(name):
    ops, remaining, (kind, names) = FAULTS[name]
    columns = columns_of(history_of(ops, 2 * HALF, remaining))
    decision = decide(columns)
    assert decision.verdict.outcome is Outcome.INVALID, decision.verdict
    (proof,) = decision.certificates
    assert proof.kind == kind
    (inventory,) = columns.inventories.values()
    known = list(operations(inventory, "before", proof.constraints))
    assert verify(proof, 2 * HALF, unit_of(inventory), known)
    assert {one.name.value for one in decision.verdict.anomalies} == names
    assert decision.verdict.anomalies[0].evidence


def test_too_many_tickets_without_a_fault_are_searched():
    ops = [buy(1, 0, 3, quantity=HALF), search(2, 1, 2, HALF), buy(3, 4, 5, quantity=HALF - 1)]
    ops += [fails(4, 6, 7, quantity=2), search(5, 8, 9, 1)]
    decision = decide(columns_of(history_of(ops, 2 * HALF, 1)), want_order=True)
    assert decision.verdict.outcome is Outcome.VALID, decision.verdict
    assert decision.order == [0, 2, 4, 6, 8] or len(decision.order) == 5


def test_what_only_the_search_can_refute_is_refuted():
    """No two observations and no sum contradict each other here: 5 of HALF + 3 cannot be sold."""
    ops = [buy(1, 0, 9, quantity=HALF), buy(3, 0, 9, quantity=3), search(2, 1, 2, 2 * HALF - 5)]
    decision = decide(columns_of(history_of(ops, 2 * HALF)))
    assert decision.verdict.outcome is Outcome.INVALID
    assert decision.verdict.anomalies[0].evidence
