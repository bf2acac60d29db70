"""A sale with a clerk, explored: he is one more actor, and mailboxes are waited at."""

from __future__ import annotations

import pytest

from booking.core.verdict import AnomalyName, Outcome
from booking.errors import UsageError
from booking.experiments.exploration import Method
from tests.support.explorations import explored


@pytest.mark.parametrize("buyers, tickets", [(1, 1), (2, 1), (2, 2), (2, 3)])
def test_the_clerk_is_sound_in_every_order(buyers: int, tickets: int) -> None:
    """Complete: whoever comes when, and whomever he takes together."""
    found = explored(buyers, tickets, guard="clerk").exploration
    assert (found.outcome, found.complete, found.violating) == (Outcome.VALID, True, 0)


@pytest.mark.parametrize("method", ["plain", "reduced"])
def test_the_searches_agree_on_it(method: Method) -> None:
    """Plain enumeration merges nothing: the same ends, the same counts."""
    graph = explored(2, 2, guard="clerk").exploration
    other = explored(2, 2, guard="clerk", method=method).exploration
    assert graph.ends == other.ends
    assert (graph.interleavings, graph.violating) == (other.interleavings, other.violating)


def test_who_may_give_up_waiting_is_explored_too() -> None:
    """An answer that came too late is nobody's; the order is of unknown outcome, and explained."""
    found = explored(2, 3, guard="clerk", timeouts=True).exploration
    assert found.complete
    assert found.outcome is Outcome.VALID


def test_a_clerk_who_forgets_an_order_leaves_its_buyer_waiting() -> None:
    """Found, with a witness in which the clerk has a column of his own."""
    proof = explored(2, 2, guard="tests.support.planted:ForgetfulClerk")
    assert proof.exploration.outcome is Outcome.INVALID
    assert proof.witness is not None
    assert proof.witness.anomaly == AnomalyName.HANG
    assert [one.name for one in proof.witness.buyers][-1] == "clerk"


def test_a_queue_that_sends_from_a_thread_cannot_be_explored() -> None:
    """It is refused, and the other one is named."""
    with pytest.raises(UsageError, match="sends from a thread; use --guard clerk"):
        explored(2, 1, guard="queue")
