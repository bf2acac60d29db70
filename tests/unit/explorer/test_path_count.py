"""The numbers of the tutorial's sale, counted independently, are reproduced exactly."""

from __future__ import annotations

from math import factorial

import pytest

from booking.core.verdict import AnomalyName, Outcome
from tests.support.explorations import explored

TABLE = [
    (2, 1, 7, 6, 4),
    (3, 1, 14, 66, 60),
    (4, 1, 25, 1_176, 1_152),
    (4, 3, 47, 2_520, 2_496),
    (10, 1, 231, 32_215_365_100_800, 32_215_361_472_000),
    (10, 3, 2_232, 1_995_037_726_752_000, 1_995_037_723_123_200),
]


@pytest.mark.parametrize("store", ["json", "memory-shared"])
@pytest.mark.parametrize("buyers, tickets, states, interleavings, violating", TABLE)
def test_states_and_interleavings_are_those_of_the_table(
    store, buyers, tickets, states, interleavings, violating
):
    """States, interleavings, and those that oversell; each state was executed twice."""
    found = explored(buyers, tickets, store=store).exploration
    assert found.complete
    assert (found.states, found.interleavings, found.violating) == (
        states,
        interleavings,
        violating,
    )
    assert found.rechecked == states
    assert found.interleavings - found.violating == factorial(buyers)


@pytest.mark.parametrize("lock", ["flock", "filelock", "soft", "mutex"])
def test_ten_buyers_with_a_lock_leave_only_serial_orders(lock):
    """Who waits for a held lock can't go on: 34 states, 10! orders, all sound."""
    found = explored(10, 3, lock=lock).exploration
    assert (found.outcome, found.complete) == (Outcome.VALID, True)
    assert (found.states, found.interleavings, found.violating) == (34, factorial(10), 0)


def test_the_shortest_witness_takes_four_steps():
    """read, read, write, write: one ticket is held twice; overselling three takes eight."""
    proof = explored(10, 3, store="memory-shared")
    assert [(one.buyer, one.action) for one in proof.witness.steps] == [
        (0, "read"),
        (1, "read"),
        (0, "write"),
        (1, "write"),
    ]
    assert proof.witness.message == "ticket 3 is held twice"
    assert proof.witness.fatal == 1
    assert len(proof.exploration.findings[AnomalyName.OVERSELL].schedule) == 8


def test_stopping_at_the_first_anomaly_visits_few_states():
    """Breadth first: the witness of ten buyers is found among the first dozen states."""
    proof = explored(10, 3, first=True)
    assert len(proof.witness.steps) == 4
    assert proof.exploration.states < 20
    assert proof.exploration.interleavings is None


def test_a_torn_read_is_a_finding_of_its_own():
    """`json-inplace` empties, then fills: a reader in between is found beside the oversell."""
    proof = explored(3, 2, store="json-inplace")
    found = proof.exploration.findings
    assert [one.action for one in proof.witness.steps] == ["read", "truncate", "read"]
    assert proof.witness.anomaly == AnomalyName.TORN_READ
    assert len(found[AnomalyName.DOUBLE_SOLD].schedule) == 6


def test_a_copy_for_each_process_sells_every_ticket_to_everybody():
    """`memory` is not shared, so a lock changes nothing."""
    for lock in (None, "flock"):
        found = explored(2, 1, store="memory", lock=lock).exploration
        assert found.outcome is Outcome.INVALID
        assert found.violating == found.interleavings


def test_the_search_before_the_purchase_is_explored_when_asked_for():
    """Two steps more a buyer: 20 interleavings instead of 6."""
    found = explored(2, 1, search=True).exploration
    assert (found.interleavings, found.violating) == (20, 12)


def test_a_wait_that_may_end_is_explored_both_ways():
    """With a time limit, an acquire of a held lock can also be refused."""
    patient = explored(2, 2, lock="flock").exploration
    limited = explored(2, 2, lock="flock", timeouts=True).exploration
    assert patient.ends == {(0, (("ok", 2),))}
    assert limited.ends == {(0, (("ok", 2),)), (1, (("fail lock-timeout", 1), ("ok", 1)))}
