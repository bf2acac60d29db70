"""A user's store needs little: no `write`, no numbers, and helpers are not accused."""

from __future__ import annotations

import pytest

from booking.core.scenario import from_flags
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import IncapableError
from booking.experiments.sale import Sale, run_sale
from tests.support.explorations import explored

TAKERS = "tests.support.takers"


def sale(store: str, **more: object) -> Sale:
    """Sell from a store of a user's."""
    flags = {"store": f"{TAKERS}:{store}", "guard": "atomic", "tickets": 4, "seed": 1}
    return run_sale(from_flags({**flags, "buyers": 6, "delay": "0ms..2ms", **more}))


@pytest.mark.parametrize("store", ["Taker", "YesTaker", "SeatTaker"])
def test_a_store_without_write_sells_by_what_it_has_and_the_reason_says_why_no_control_ran(store):
    """A control reads and writes; what is never written without a guard has none."""
    sold = sale(store)
    assert sold.verdict.outcome is Outcome.VALID, sold.verdict
    assert (sold.sold, sold.remaining, sold.control) == (4, 0, None)
    assert f"store {TAKERS}:{store} has no write" in sold.verdict.reason


def test_a_store_with_write_has_its_control():
    """The control of the test above."""
    sold = run_sale(from_flags({"store": "sqlite", "guard": "atomic", "buyers": 4, "seed": 1}))
    assert sold.control is not None
    assert "no write" not in sold.verdict.reason


@pytest.mark.parametrize("guard", ["none", "lock"])
def test_a_guard_that_reads_and_writes_refuses_it_and_names_one_that_can(guard):
    """Before anything is started."""
    with pytest.raises(IncapableError, match=r"has no write; it can do: atomic$"):
        sale("Taker", guard=guard, **({"lock": "flock"} if guard == "lock" else {}))


def test_a_store_that_no_guard_can_sell_from_is_told_what_to_add():
    with pytest.raises(IncapableError, match=r"add write\(remaining\), or take\(quantity\)"):
        sale("Mute", guard="none")


@pytest.mark.parametrize("store", ["YesTaker", "SeatTaker"])
def test_a_store_that_tells_no_number_is_proved_all_the_same(store):
    """States do not merge without numbers, so the other method is taken by itself."""
    proof = explored(3, 2, store=f"{TAKERS}:{store}", guard="atomic")
    assert proof.exploration.outcome is Outcome.VALID, proof.reason
    assert proof.exploration.method == "reduced"


def test_an_oversell_without_a_number_is_found():
    """By the count of what was sold."""
    proof = explored(2, 1, store=f"{TAKERS}:ChecksFirst", guard="atomic")
    assert AnomalyName.OVERSELL in proof.exploration.findings
    assert proof.exploration.outcome is Outcome.INVALID


def test_a_seat_that_is_sold_twice_is_found():
    """A text is a seat, whatever the guard says of numbers."""
    sold = sale("SameSeat")
    assert [anomaly.name for anomaly in sold.verdict.anomalies] == [AnomalyName.DOUBLE_SOLD]


def test_a_helper_that_answers_the_same_is_not_accused():
    """Only the methods of the protocols are effects by their names."""
    proof = explored(2, 1, store=f"{TAKERS}:Helpful", guard=f"{TAKERS}:Asking")
    assert proof.exploration.caveats == []
    assert proof.exploration.outcome is Outcome.VALID


def test_a_helper_that_reads_what_is_shared_is_told_so():
    """Its answers differ, and no step tells others that they may come first."""
    proof = explored(2, 1, store=f"{TAKERS}:Peeking", guard=f"{TAKERS}:Asking")
    caveats = [str(caveat) for caveat in proof.exploration.caveats]
    assert proof.exploration.outcome is Outcome.UNKNOWN
    assert any(
        "Peeking.ask(0) answered 1 once and 0 later, and announced no step" in caveat
        for caveat in caveats
    ), caveats
