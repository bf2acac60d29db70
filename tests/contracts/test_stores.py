"""What every registered store keeps to; a new one is tested without a new test."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from booking.core.protocols import Place, Store
from booking.core.registry import build, members
from booking.core.steps import driven_by
from tests.support.observers import Steps

STORES = [name for name, _ in members("store")]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = build("store", request.param, Place("", tmp_path))
    yield made
    made.close()


def test_what_is_written_is_read(store: Store) -> None:
    """From zero to the largest count."""
    store.reset(5)
    assert store.read() == 5
    for count in (4, 0, 10**15, 10, 9):
        store.write(count)
        assert store.read() == count


def test_reset_twice_is_fine(store: Store) -> None:
    """A store can be filled anew."""
    store.reset(1)
    store.reset(7)
    assert store.read() == 7


def test_close_twice_is_fine(store: Store) -> None:
    """And a store that was never opened closes too."""
    store.close()
    store.reset(1)
    store.close()
    store.close()


def test_a_store_travels_to_another_process(store: Store) -> None:
    """It is picklable before and after it was used."""
    store.reset(3)
    store.read()
    copy: Store = pickle.loads(pickle.dumps(store))
    assert copy.read() == 3
    copy.close()


def test_every_read_and_write_is_announced(store: Store) -> None:
    """A read says what it saw, a write says what it will store."""
    store.reset(3)
    steps = Steps()
    with driven_by(steps):
        store.read()
        store.write(2)
    assert steps.told[:2] == [("read", None), ("saw", 3)]
    assert steps.told[-1][1] == 2
    assert 3 <= len(steps.told) <= 4


def test_two_stores_of_one_place_share_the_count_if_they_say_so(tmp_path: Path) -> None:
    """The fact `shared` is true of the store."""
    for name in STORES:
        folder = tmp_path / name
        folder.mkdir()
        one: Store = build("store", name, Place("", folder))
        one.reset(3)
        other: Store = pickle.loads(pickle.dumps(one))
        one.write(2)
        assert other.read() == (2 if type(one).shared else 3)  # type: ignore[attr-defined]
        one.close()
        other.close()
