"""What is missing is named in one line: a server, an optional driver, a wheel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from booking.core.protocols import Place
from booking.errors import InventoryError
from booking.servers.postgres import private_postgres
from booking.servers.valkey import private_valkey
from booking.stores.postgres import PostgresStore
from booking.stores.redis import RedisStore
from tests.conftest import Sell


@pytest.mark.parametrize(
    "store, problem",
    [
        ("postgresql://stranger@/nothing?host=/nowhere", "cannot connect"),
        ("redis://127.0.0.1:1/0", "cannot connect"),
        ("sqlite:///nowhere/at/all/x.db", "no such folder"),
        ("sqlite://host/x.db", "a file has no host"),
    ],
)
def test_a_missing_server_is_one_line(sell: Sell, store: str, problem: str) -> None:
    """Before any buyer starts."""
    answer = sell(store=store, tickets=3, guard="atomic", control=False)
    assert answer["exit_code"] == 2
    assert problem in answer["error"]
    assert "\n" not in answer["error"]


@pytest.mark.parametrize("driver, store", [("psycopg", PostgresStore), ("redis", RedisStore)])
def test_a_missing_extra_is_named(
    driver: str, store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And how to install it."""
    monkeypatch.setitem(sys.modules, driver, None)
    install = r"needs the extra (\w+); install it with: pip install 'booking-workbench\[\1\]'"
    with pytest.raises(InventoryError, match=install):
        store(Place("", tmp_path))


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names both ways: install it, or name a server."""
    monkeypatch.setattr("booking.servers.postgres.WHEEL", "booking_no_such_wheel")
    monkeypatch.setattr("booking.servers.valkey.WHEEL", "booking_no_such_wheel")
    monkeypatch.setattr("booking.servers.postgres._servers._running", {})
    monkeypatch.setattr("booking.servers.valkey._servers._running", {})
    install = r"pip install 'booking-workbench\[\w+\]', or name a server: --store"
    for start in (private_postgres, private_valkey):
        with pytest.raises(InventoryError, match=install):
            start(durable=False)
