"""Connections that an exploration uses again: clean, and in an exploration only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from booking.core.protocols import Place, Store
from booking.core.registry import build
from booking.stores.common.connection_cache import (
    cache_connection,
    cached_connection,
    caching_connections,
)

SERVERS = ["postgres", "redis"]


class Connection:
    """A connection that records its close."""

    closed = False

    def close(self) -> None:
        self.closed = True


def opened(name: str, folder: Path) -> Store:
    store: Store = build("store", name, Place("", folder, patience_s=0.0))
    store.reset(3)
    return store


def test_outside_an_exploration_nothing_is_cached() -> None:
    """A real buyer's connection is its own, and ends with it."""
    assert not cache_connection("kind", Connection())
    assert cached_connection("kind") is None


def test_a_cached_connection_is_returned_once_and_closed_at_the_end() -> None:
    """To the first store that asks for its kind."""
    first, second = Connection(), Connection()
    with caching_connections():
        assert cache_connection("kind", first)
        assert cached_connection("other") is None
        assert cached_connection("kind") is first
        assert cached_connection("kind") is None
        assert cache_connection("kind", second)
    assert (first.closed, second.closed) == (False, True)
    assert cached_connection("kind") is None


@pytest.mark.parametrize("name", SERVERS)
def test_a_store_uses_a_connection_again(name: str, tmp_path: Path) -> None:
    """The same object, in an exploration; another one outside."""
    store = opened(name, tmp_path)
    before = store._own  # type: ignore[attr-defined]
    with caching_connections():
        store.close()
        store.read()
        assert store._own is before  # type: ignore[attr-defined]
    store.close()
    store.read()
    assert store._own is not before  # type: ignore[attr-defined]
    store.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """Two stores of one inventory, whose connections are cached."""
    store, other = opened("postgres", tmp_path), opened("postgres", tmp_path)
    with caching_connections():
        yield store, other
    store.close()
    other.close()


def test_a_buyer_dismissed_in_a_transaction_leaves_no_lock_behind(pair: tuple[Any, Any]) -> None:
    """Nor what it wrote: the next user of the connection begins with nothing."""
    store, other = pair
    assert store.read_locked() == 3
    store.write(1)
    assert other.read_locked() is None  # the row is locked
    store.close()
    assert other.read_locked() == 3
    other.rollback()
    store.write(2)  # on a used connection, and in no transaction
    assert other.read() == 2


def test_a_buyer_dismissed_with_an_advisory_lock_releases_it(pair: tuple[Any, Any]) -> None:
    """The lock is the session's, and the session goes on."""
    store, other = pair
    assert store.lock_advisory()
    assert not other.lock_advisory()
    store.close()
    assert other.lock_advisory()
