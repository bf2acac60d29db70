"""Is the last article of a django-oscar shop sold once?"""

import pytest

from booking.testing import explore_behaviour

pytest.importorskip("oscar")
SHOP = f"{__package__}.shop"


def explore(way):
    return explore_behaviour(
        f"{SHOP}:{way}",
        setup=f"{SHOP}:setup",
        check=f"{SHOP}:left",
        init=f"{__package__}.start:start",
        server="postgres",
    )


def test_the_wrong_way_is_that_of_the_checkout():
    explore("buy_wrong").assert_valid()


def test_a_locked_record():
    explore("buy_locked").assert_valid()
