"""The graph of states: what merges, the shortest witness, and what is explored when asked for."""

from __future__ import annotations

from booking.core.verdict import AnomalyName, Outcome
from tests.support.explorations import explored, shop


def test_a_store_that_shows_nothing_merges_nothing():
    """Only the same effects in the same order are surely the same content."""
    shown = explored(4, 2, store="memory-shared").exploration
    hidden = explored(4, 2, store=shop("OpaqueMemory")).exploration
    assert hidden.states > shown.states
    assert (hidden.interleavings, hidden.violating) == (shown.interleavings, shown.violating)


def test_the_shortest_witness_takes_four_steps():
    """read, read, write, write: one ticket is held twice; overselling three takes eight."""
    proof = explored(10, 3, store="memory-shared")
    assert [(one.buyer, one.action) for one in proof.counterexample.steps] == [
        (0, "read"),
        (1, "read"),
        (0, "write"),
        (1, "write"),
    ]
    assert proof.counterexample.message == "ticket 3 is held twice"
    assert proof.counterexample.fatal == 1
    assert len(proof.exploration.findings[AnomalyName.OVERSELL].schedule) == 8


def test_stopping_at_the_first_anomaly_visits_few_states():
    """Breadth first: the witness of ten buyers is found among the first dozen states."""
    proof = explored(10, 3, first=True)
    assert len(proof.counterexample.steps) == 4
    assert proof.exploration.states < 20
    assert proof.exploration.interleavings is None


def test_a_torn_read_is_a_finding_of_its_own():
    """`json-inplace` empties, then fills: a reader in between is found beside the oversell."""
    proof = explored(3, 2, store="json-inplace")
    found = proof.exploration.findings
    assert [one.action for one in proof.counterexample.steps] == ["read", "truncate", "read"]
    assert proof.counterexample.anomaly == AnomalyName.TORN_READ
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
