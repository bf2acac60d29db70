"""Transitions are learnt once; code that is not deterministic is noticed."""

from __future__ import annotations

from booking.core.verdict import Outcome
from tests.support.explorations import caveats_of, explored, shop
from tests.support.shops import FickleShop


def test_code_that_is_not_deterministic_is_unknown():
    """The same step in the same state does another thing when it is executed again."""
    FickleShop.tries = 0
    caveats = caveats_of(store=shop("FickleShop"))
    assert any("not deterministic" in caveat and "replace shop.txt" in caveat for caveat in caveats)


def test_equal_buyers_must_be_served_alike():
    """Transitions are learnt of the first of equal buyers, and compared with the last's."""
    found = explored(3, 3, guard=shop("Picky"), lock="flock")
    assert found.exploration.outcome is not Outcome.VALID
