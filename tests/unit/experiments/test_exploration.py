"""An exploration: what it refuses, what real processes must confirm, and sales with a clerk."""

from __future__ import annotations

import pytest

from booking.core.verdict import AnomalyName, Outcome
from booking.errors import UsageError
from booking.experiments.exploration import Method
from tests.support.explorations import explored, shop


def test_a_named_inventory_is_not_sold_thousands_of_times(tmp_path):
    """An exploration has inventories of its own."""
    with pytest.raises(UsageError, match="give --store json and --tickets N"):
        explored(store=f"json:{tmp_path / 'data.json'}")


def test_what_cannot_travel_to_a_process_is_refused():
    """As it would be refused where buyers are started by spawn."""
    with pytest.raises(UsageError, match="cannot travel to a buyer's process"):
        explored(store=shop("OpenHandle"))


@pytest.mark.parametrize("flags, said", [
    ({"lock": "Thief"}, "is let in while another holds it"),
    ({"store": "Classy", "lock": "flock"}, "real processes fail"),
    ({"store": "Shelling", "lock": "flock"}, "another process"),
])  # fmt: skip
def test_what_one_process_cannot_show_is_no_proof(flags, said):
    """Waiting, sharing by a class, other programs: sound here, and not to be trusted."""
    flags = {key: value if value == "flock" else shop(value) for key, value in flags.items()}
    found = explored(2, 2, **flags)
    assert found.exploration.outcome is Outcome.UNKNOWN
    assert said in found.reason


@pytest.mark.parametrize("flags, said", [
    ((1, 1), "there was one buyer"), ((2, 0), "in no order was a ticket sold"),
])  # fmt: skip
def test_nothing_at_stake_is_no_proof(flags: tuple[int, int], said: str) -> None:
    """Sound for want of anything that could go wrong."""
    proof = explored(*flags, lock="flock")
    assert proof.exploration.outcome is Outcome.UNKNOWN
    assert said in proof.reason


@pytest.mark.parametrize("buyers, tickets", [(1, 1), (2, 1), (2, 2), (2, 3)])
def test_the_clerk_is_sound_in_every_order(buyers: int, tickets: int) -> None:
    """Complete: the buyer that comes when, and the buyer that he takes together."""
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
    """An answer that came too late is dropped; the order is of unknown outcome, and explained."""
    found = explored(2, 3, guard="clerk", timeouts=True).exploration
    assert found.complete
    assert found.outcome is Outcome.VALID


def test_a_clerk_who_forgets_an_order_leaves_its_buyer_waiting() -> None:
    """Found, with a witness in which the clerk has a column of his own."""
    proof = explored(2, 2, guard="tests.support.planted:ForgetfulClerk")
    assert proof.exploration.outcome is Outcome.INVALID
    assert proof.counterexample is not None
    assert proof.counterexample.anomaly == AnomalyName.HANG
    assert [one.name for one in proof.counterexample.buyers][-1] == "clerk"


def test_a_queue_that_sends_from_a_thread_cannot_be_explored() -> None:
    """It is refused, and the other one is named."""
    with pytest.raises(UsageError, match="sends from a thread; use --guard clerk"):
        explored(2, 1, guard="queue")
