"""One test a way: the wrong one fails, and its message has the counterexample."""

import pytest

from booking.testing import explore_behaviour

SHOP = f"{__package__}.shop"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test has files of its own."""
    monkeypatch.chdir(tmp_path)


def explore(way, buyers=2):
    return explore_behaviour(
        f"{SHOP}:{way}", setup=f"{SHOP}:setup", check=f"{SHOP}:left", buyers=buyers
    )


def test_the_wrong_way():
    explore("buy_wrong").assert_valid()


def test_a_lock_of_the_system_and_a_new_file():
    explore("buy_with_flock").assert_valid()


def test_a_lock_of_filelock():
    explore("buy_with_filelock", buyers=3).assert_valid()
