"""Each way to sell, on the test database. The wrong way fails, and shows how it oversells."""

import pytest

from booking.testing import explore_behaviour


@pytest.mark.parametrize("way", ["buy", "buy_locked", "buy_if_there"])
def test_the_last_ticket_is_sold_once(way, transactional_db):
    """No order of the statements of two buyers oversells."""
    explore_behaviour(
        f"concert.orders:{way}",
        setup="concert.inventory:last_ticket",
        check="concert.inventory:left",
    ).assert_valid()
