"""One test a way: the wrong one fails, and its message has the counterexample."""

from booking.testing import explore_behaviour

SHOP = f"{__package__}.shop"


def explore(way, buyers=2):
    return explore_behaviour(
        f"{SHOP}:{way}", setup=f"{SHOP}:setup", check=f"{SHOP}:left", buyers=buyers
    )


def test_the_wrong_way(transactional_db):
    explore("buy_wrong").assert_valid()


def test_a_locked_row(transactional_db):
    explore("buy_locked").assert_valid()


def test_one_statement(transactional_db):
    explore("buy_if_there", buyers=3).assert_valid()
