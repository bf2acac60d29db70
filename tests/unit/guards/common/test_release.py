"""A release behind a purchase: its failure never decides the order."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking.core.protocols import Place
from booking.errors import UnavailableError
from booking.guards.common.release import releasing
from booking.stores.memory import MemoryStore


class Closable(MemoryStore):
    """A store that counts how often it is closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def store(tmp_path: Path) -> Closable:
    return Closable(Place("", tmp_path))


def lost() -> None:
    raise UnavailableError("lost")


def test_a_failed_release_closes_the_connection(store: Closable) -> None:
    """The server then releases the lock with the session."""
    with releasing(store, lost):
        sold = True
    assert sold
    assert store.closed == 1


def test_a_purchase_that_fails_is_released_too(store: Closable) -> None:
    """Its own error is what the buyer gets."""
    released: list[bool] = []
    for release in (lambda: released.append(True), lost):
        with pytest.raises(UnavailableError, match="sold out"), releasing(store, release):
            raise UnavailableError("sold out")
    assert released == [True]
    assert store.closed == 1


def test_a_release_that_succeeds_keeps_the_connection(store: Closable) -> None:
    """For the buyer's next order."""
    with releasing(store, lambda: None):
        pass
    assert store.closed == 0
