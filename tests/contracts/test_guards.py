"""What every registered guard keeps to, on every store."""

from __future__ import annotations

import pytest

from booking.registry import members
from tests.conftest import Sell

GUARDS = [name for name, _ in members("guard") if name != "none"]


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("quantity, tickets, sold", [(1, 5, 5), (2, 5, 4), (3, 2, 0)])
def test_a_guarded_sale_sells_what_it_can_and_no_more(
    sell: Sell, guard: str, quantity: int, tickets: int, sold: int
) -> None:
    """An order is all or nothing: what is left over is less than anybody wants."""
    sale = sell(guard=guard, buyers=8, tickets=tickets, quantity=quantity, control=False)
    assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", sold, tickets - sold)
    assert sale["undersold"] == 0


@pytest.mark.parametrize("guard", GUARDS)
def test_the_same_sale_without_it_races(sell: Sell, guard: str) -> None:
    """So the guard was put to the test."""
    sale = sell(guard=guard)
    assert (sale["verdict"], sale["control"]["verdict"]) == ("valid", "invalid")


def test_a_guard_that_releases_before_it_writes_is_found(sell: Sell) -> None:
    """The tests above can fail."""
    sale = sell(guard="tests.planted:EarlyRelease", lock="flock")
    assert sale["verdict"] == "invalid"
    assert sale["oversold"] > 0


def test_a_guard_that_turns_buyers_away_is_found(sell: Sell) -> None:
    """Tickets are left, and buyers were told that there are none."""
    sale = sell(guard="tests.planted:PhantomGuard", buyers=4)
    assert sale["verdict"] == "invalid"
    assert sale["undersold"] == 2


def test_a_store_that_loses_tickets_is_found(sell: Sell) -> None:
    """The lock is right and the store is wrong."""
    sale = sell(store="tests.planted:DropsTickets", lock="flock", tickets=6, buyers=2)
    assert sale["verdict"] == "invalid"
    assert sale["lost"] == 2
