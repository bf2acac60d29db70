"""What cannot be trusted is never a proof: it is unknown, and says where."""

from __future__ import annotations

import pytest

from booking.core.verdict import Outcome
from booking.errors import UsageError
from booking.explorer.model import Limits
from tests.support.explorations import explored, shop
from tests.support.shops import FickleShop


def _doubts(store: str = "json", lock: str | None = None, **more) -> list[str]:
    """Explore, and give what was in doubt; it must not be valid."""
    proof = explored(2, 2, store=store, lock=lock, **more)
    found = proof.exploration
    assert found.outcome is not Outcome.VALID
    assert not found.complete
    return [str(doubt) for doubt in found.doubts]


def test_a_store_that_announces_all_it_does_is_beyond_doubt():
    """The control of all that follows: the same shop without a fault is proved."""
    proof = explored(2, 2, store=shop("Shop"), lock="flock")
    assert (proof.exploration.outcome, proof.exploration.doubts) == (Outcome.VALID, [])


@pytest.mark.parametrize(
    "name, place, what",
    [
        ("SilentShop", "SilentShop.write", "replaces shop.txt"),
        ("DeafShop", "DeafShop.read", "opens shop.txt for reading"),
        ("HastyShop", "HastyShop.write", "empties shop.txt"),
        ("TwiceShop", "TwiceShop.read", "opens shop.txt for reading"),
        ("CrowdedShop", "CrowdedShop.write", "empties shop.tmp"),
        ("MuteMemory", "MuteMemory.write", "announces none"),
        ("SilentMemory", "after its step read memory", "content changed"),
        ("FailingShop", "buyer 0", "ZeroDivisionError: a defect of the shop"),
    ],
)
@pytest.mark.parametrize("lock", [None, "flock"])
def test_a_forgotten_step_is_unknown_and_names_the_place(name, place, what, lock):
    """Each fault is planted in a shop that is sound otherwise."""
    proof = explored(2, 2, store=shop(name), lock=lock)
    doubts = [str(doubt) for doubt in proof.exploration.doubts]
    assert any(place in doubt and what in doubt for doubt in doubts), doubts
    assert not proof.exploration.complete
    if lock is not None or not proof.exploration.findings:
        assert proof.exploration.outcome is Outcome.UNKNOWN


def test_a_forgotten_write_would_have_been_a_false_proof():
    """Reading and replacing in one go never races in the explorer: only the doubt tells."""
    proof = explored(3, 2, store=shop("SilentShop"))
    assert proof.exploration.findings == {}
    assert proof.exploration.outcome is Outcome.UNKNOWN
    assert "shops.py" in proof.reason


def test_code_that_is_not_deterministic_is_unknown():
    """The same step in the same state does another thing when it is executed again."""
    FickleShop.tries = 0
    doubts = _doubts(store=shop("FickleShop"))
    assert any("not deterministic" in doubt and "replace shop.txt" in doubt for doubt in doubts)


def test_a_lock_that_says_no_when_it_is_free_is_unknown():
    """Nobody holds it by its own steps, and it is not had."""
    for name in ("ShutDoor", "KeptDoor"):
        doubts = _doubts(lock=shop(name))
        assert any("said no although nobody holds it" in doubt for doubt in doubts)
        assert any("acquire data.json.lock" in doubt for doubt in doubts)


def test_a_lock_that_locks_without_a_word_is_unknown():
    """Its `flock` is heard, its silence too."""
    doubts = _doubts(lock=shop("SilentDoor"))
    assert any("fcntl.flock" in doubt and "SilentDoor.acquire" in doubt for doubt in doubts)


def test_a_lock_that_says_yes_to_everybody_proves_nothing():
    """A held lock is really asked for: that it should say no is not taken on trust."""
    proof = explored(2, 2, lock=shop("OpenDoor"))
    assert proof.exploration.outcome is Outcome.INVALID
    assert [one.action for one in proof.witness.steps].count("acquire") == 2


@pytest.mark.parametrize("method", ["graph", "reduced", "plain"])
@pytest.mark.parametrize(
    "limits, bound",
    [(Limits(states_max=5), "max-states"), (Limits(seconds_max=0), "max-seconds")],
)
def test_a_bound_that_was_reached_is_named(limits, bound, method):
    """Nothing is counted, nothing is proved."""
    proof = explored(4, 3, lock="flock", limits=limits, method=method)
    found = proof.exploration
    assert (found.outcome, found.complete, found.bound) == (Outcome.UNKNOWN, False, bound)
    assert found.interleavings is None
    assert f"--{bound}" in proof.reason


def test_an_anomaly_found_before_the_bound_counts():
    """Invalid beats unknown: the witness was executed for real."""
    found = explored(6, 3, limits=Limits(states_max=40)).exploration
    assert (found.outcome, found.complete) == (Outcome.INVALID, False)


def test_a_named_inventory_is_not_sold_thousands_of_times(tmp_path):
    """An exploration has inventories of its own."""
    with pytest.raises(UsageError, match="give --store json and --tickets N"):
        explored(store=f"json:{tmp_path / 'data.json'}")


def test_what_cannot_travel_to_a_process_is_refused():
    """As it would be refused where buyers are started by spawn."""
    with pytest.raises(UsageError, match="cannot travel to a buyer's process"):
        explored(store=shop("OpenHandle"))


def test_a_store_that_shows_nothing_merges_nothing():
    """Only the same effects in the same order are surely the same content."""
    shown = explored(4, 2, store="memory-shared").exploration
    hidden = explored(4, 2, store=shop("OpaqueMemory")).exploration
    assert hidden.states > shown.states
    assert (hidden.interleavings, hidden.violating) == (shown.interleavings, shown.violating)


@pytest.mark.parametrize("guard, said", [
    ("Quitter", "SystemExit"),
    ("Waiter", "without a step"),
    ("Threaded", "another thread"),
])  # fmt: skip
def test_a_guard_that_leaves_waits_or_threads_proves_nothing(monkeypatch, guard, said):
    """What the explorer cannot drive is unknown, with the place, and within a limit."""
    monkeypatch.setattr("booking.explorer.task.SEGMENT_S", 0.2)
    found = explored(2, 1, guard=shop(guard))
    assert found.exploration.outcome is Outcome.UNKNOWN
    assert said in found.reason


def test_a_guard_that_goes_on_whatever_is_raised_is_left_where_it_is():
    """The search ends, and the race is found all the same."""
    assert explored(2, 1, guard=shop("Stubborn")).exploration.outcome is Outcome.INVALID


def test_equal_buyers_must_be_served_alike():
    """Effects are learnt of the first of equal buyers, and held against the last."""
    found = explored(3, 3, guard=shop("Picky"), lock="flock")
    assert found.exploration.outcome is not Outcome.VALID


@pytest.mark.parametrize("flags, said", [
    ({"lock": "Thief"}, "had by two at once"),
    ({"store": "Classy", "lock": "flock"}, "real processes fail"),
    ({"store": "Shelling", "lock": "flock"}, "another process"),
])  # fmt: skip
def test_what_one_process_cannot_show_is_no_proof(flags, said):
    """Waiting, sharing by a class, other programs: sound here, and not to be trusted."""
    flags = {key: value if value == "flock" else shop(value) for key, value in flags.items()}
    found = explored(2, 2, **flags)
    assert found.exploration.outcome is Outcome.UNKNOWN
    assert said in found.reason
