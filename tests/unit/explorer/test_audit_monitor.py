"""A step that was forgotten is never a proof: the result is unknown, and names the place."""

from __future__ import annotations

import pytest

from booking.core.verdict import Outcome
from tests.support.explorations import caveats_of, explored, shop


def test_a_store_that_announces_all_it_does_has_no_caveat():
    """The control of all that follows: the same shop without a fault is proved."""
    proof = explored(2, 2, store=shop("Shop"), lock="flock")
    assert (proof.exploration.outcome, proof.exploration.caveats) == (Outcome.VALID, [])


@pytest.mark.parametrize(
    "name, place, what",
    [
        ("SilentShop", "SilentShop.write", "replaces shop.txt"),
        ("DeafShop", "DeafShop.read", "opens shop.txt for reading"),
        ("HastyShop", "HastyShop.write", "empties shop.txt"),
        ("TwiceShop", "TwiceShop.read", "opens shop.txt for reading"),
        ("CrowdedShop", "CrowdedShop.write", "empties shop.tmp"),
        ("MuteMemory", "MuteMemory.write", "announced no step"),
        ("SilentMemory", "after its step read memory", "content changed"),
        ("FailingShop", "buyer 0", "ZeroDivisionError: a defect of the shop"),
    ],
)
@pytest.mark.parametrize("lock", [None, "flock"])
def test_a_forgotten_step_is_unknown_and_names_the_place(name, place, what, lock):
    """Each fault is planted in a shop that is sound otherwise."""
    proof = explored(2, 2, store=shop(name), lock=lock)
    caveats = [str(caveat) for caveat in proof.exploration.caveats]
    assert any(place in caveat and what in caveat for caveat in caveats), caveats
    assert not proof.exploration.complete
    if lock is not None or not proof.exploration.findings:
        assert proof.exploration.outcome is Outcome.UNKNOWN


def test_a_step_that_names_another_thing_than_the_file_is_told_so():
    """It does what the advice for a forgotten step says; what is wrong is its name."""
    caveats = caveats_of(shop("MisnamedShop"), lock="flock")
    assert any(
        "opens shop.txt for reading, and the step before it names 'shop'" in caveat
        and 'call step("read", "shop.txt")' in caveat
        for caveat in caveats
    ), caveats
    assert any('call step("replace", "shop.txt")' in caveat for caveat in caveats)
    assert not any("right before" in caveat for caveat in caveats), caveats


def test_a_file_that_buyers_need_not_share_is_named_as_such():
    """No second step could come right before the one call that moves it onto the inventory."""
    caveats = caveats_of(shop("CrowdedShop"), lock="flock")
    in_the_code = [caveat for caveat in caveats if "CrowdedShop.write" in caveat]
    assert all("give each buyer a temporary file of its own" in line for line in in_the_code)
    moved = [caveat for caveat in caveats if "moves shop.tmp away" in caveat]
    assert moved
    assert all("share shop.txt, too: a step names one file" in caveat for caveat in moved)
    assert not any('step("remove"' in caveat for caveat in caveats)


def test_a_place_in_the_code_has_its_package():
    """Two packages have a module of the same name."""
    caveats = caveats_of(shop("SilentShop"))
    assert any(caveat.startswith("tests/support/shops.py:") for caveat in caveats), caveats


def test_a_doubt_about_a_step_is_told_once_for_all_buyers():
    """Who took the step is no part of what is wrong with it."""
    caveats = caveats_of("tests.support.takers:Twice", guard="atomic")
    doubts = [caveat for caveat in caveats if "reads and writes twice.txt" in caveat]
    assert len(doubts) == 1, caveats


def test_a_forgotten_write_would_have_been_a_false_proof():
    """Reading and replacing in one go never races in the explorer: only the caveat tells."""
    proof = explored(3, 2, store=shop("SilentShop"))
    assert proof.exploration.findings == {}
    assert proof.exploration.outcome is Outcome.UNKNOWN
    assert "shops.py" in proof.reason


def test_a_lock_that_locks_without_a_word_is_unknown():
    """Its `flock` is heard, its silence too."""
    caveats = caveats_of(lock=shop("SilentDoor"))
    assert any("fcntl.flock" in caveat and "SilentDoor.acquire" in caveat for caveat in caveats)
