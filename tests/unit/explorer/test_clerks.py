"""A clerk tells equal buyers apart by their numbers; the graph numbers them as they send."""

from __future__ import annotations

from typing import Any

import pytest

from booking.core.verdict import Outcome
from booking.explorer.model import Limits
from tests.support.explorations import explored


@pytest.mark.parametrize("guard", ["clerk", "tests.trust.clerks:PlainClerk"])
def test_three_buyers_that_search_are_not_taken_for_a_defect(guard: str) -> None:
    """The first to search may send last: its answers are those of the last number."""
    proof = explored(3, 2, guard=guard, search=True, limits=Limits(300, 60.0))
    assert proof.exploration.caveats == []
    assert proof.exploration.findings == {}
    assert proof.exploration.bound == "max-states"


@pytest.mark.sweep(usual=lambda tickets, more: (tickets, more) == (1, {"named": True}))
@pytest.mark.parametrize("more", [{"named": True}, {"method": "plain"}], ids=["named", "plain"])
@pytest.mark.parametrize("tickets", [1, 2])
def test_two_buyers_that_search_are_counted_as_without_numbers(
    tickets: int, more: dict[str, Any]
) -> None:
    """Numbering them loses nothing but names."""
    counts = []
    for how in ({}, more):
        proof = explored(2, tickets, guard="clerk", search=True, **{"method": "graph", **how})
        found = proof.exploration
        assert found.outcome is Outcome.VALID, proof.reason
        counts.append((found.interleavings, found.violating, found.ends))
    assert counts[0] == counts[1]


def test_a_clerk_that_is_at_fault_is_found_by_buyers_that_search() -> None:
    """The steps name each buyer by the number under which it sent."""
    proof = explored(3, 2, guard="tests.trust.clerks:BatchClerk", search=True, first=True)
    assert "double-sold" in proof.exploration.findings
    assert proof.counterexample is not None
    sent = [step.buyer for step in proof.counterexample.steps if step.resource == "orders"]
    buyers = [number for number in sent if number < len(proof.buyers)]
    assert buyers == sorted(buyers)
