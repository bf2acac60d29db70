"""Errors of SQLite: a busy database, and one that was never filled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from booking.core.protocols import Place
from booking.errors import InventoryError, UnavailableError
from booking.stores.sqlite import SqliteStore


@pytest.mark.parametrize("durable, level", [(True, 2), (False, 1)], ids=["durable", "not"])
def test_durable_waits_for_the_disk(tmp_path: Path, durable: bool, level: int) -> None:
    """At each commit (PRAGMA synchronous = FULL); otherwise at a checkpoint."""
    store = SqliteStore(Place("", tmp_path, durable))
    store.reset(1)
    assert store.own().execute("PRAGMA synchronous").fetchone() == (level,)
    store.close()


def test_a_database_that_stays_busy_is_unavailable(tmp_path: Path) -> None:
    """The error is definite: nothing was taken."""
    holder = SqliteStore(Place("", tmp_path))
    holder.reset(2)
    assert holder.read_locked() == 2
    other = SqliteStore(Place("", tmp_path, patience_s=0.05))
    with pytest.raises(UnavailableError, match="others were writing"):
        other.take(1)
    holder.rollback()
    assert other.take(1) == 2
    holder.close()
    other.close()


def test_a_missing_inventory_names_the_command_that_fills_it(tmp_path: Path) -> None:
    """And SQLite creates no empty file."""
    store = SqliteStore(Place(str(tmp_path / "x.db"), tmp_path))
    with pytest.raises(InventoryError, match="booking reset --store sqlite:"):
        store.read()
    assert not os.path.exists(store.path)
