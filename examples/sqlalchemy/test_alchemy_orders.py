"""Each way to sell on a private PostgreSQL. The wrong way fails, and shows how it oversells."""

import pytest

from booking.testing import explore_behaviour


@pytest.mark.parametrize("way", ["buy", "buy_locked", "buy_if_there"])
def test_the_last_ticket_is_sold_once(way):
    """No order of the statements of two buyers oversells."""
    explore_behaviour(
        f"alchemy_orders:{way}",
        setup="alchemy_orders:last_ticket",
        check="alchemy_orders:left",
        server="postgres",
    ).assert_valid()
