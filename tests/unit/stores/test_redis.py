"""Errors of Valkey: a wrong password is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking.core.protocols import Place
from booking.errors import InventoryError
from booking.servers.valkey import private_valkey
from booking.stores.redis import RedisStore
from tests.support.proxy import Proxy


def test_a_wrong_password_is_named(tmp_path: Path) -> None:
    """It is no lost connection, and nothing is uncertain."""
    store = RedisStore(Place(f"//me:wrong@{_valkey()}/0", tmp_path))
    with pytest.raises(InventoryError, match="check the user and password"):
        store.reset(3)


def _valkey() -> str:
    """Return the address of a relay to the private Valkey: a URL holds host and port only."""
    return f"127.0.0.1:{Proxy(Path(private_valkey(durable=False).removeprefix('unix://'))).port}"
