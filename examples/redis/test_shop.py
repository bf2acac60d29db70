"""One test a way: the wrong one fails, and its message has the counterexample."""

from booking.testing import explore_behaviour

SHOP = f"{__package__}.shop"


def explore(way, buyers=2):
    return explore_behaviour(
        f"{SHOP}:{way}",
        setup=f"{SHOP}:setup",
        check=f"{SHOP}:left",
        buyers=buyers,
        server="redis",
    )


def test_the_wrong_way():
    explore("buy_wrong").assert_valid()


def test_a_script():
    explore("buy_by_script", buyers=3).assert_valid()


def test_a_watched_transaction():
    explore("buy_watched").assert_valid()


def test_a_lock():
    explore("buy_locked").assert_valid()
