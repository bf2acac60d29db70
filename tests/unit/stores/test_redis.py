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


@pytest.mark.parametrize("option", [
    "retry=1", "event_dispatcher=x", "cache_config=x", "retry_on_error=1", "socket_timeout=600",
    "foo", "decode_responses=1",
])  # fmt: skip
def test_an_option_that_is_no_text_or_number_is_refused(tmp_path: Path, option: str) -> None:
    """The driver takes objects of its own under these names, and fails in the middle of a sale."""
    store = RedisStore(Place(f"redis://127.0.0.1:1/0?{option}", tmp_path))
    name, _, _ = option.partition("=")
    with pytest.raises(InventoryError, match=f'unknown option "{name}"; '):
        store.own()


def test_an_option_of_the_pages_is_taken(tmp_path: Path) -> None:
    """Up to the connection, which no server answers."""
    options = "db=1&protocol=3&client_name=me&max_connections=9&health_check_interval=1"
    store = RedisStore(Place(f"redis://127.0.0.1:1/0?{options}", tmp_path))
    with pytest.raises(InventoryError, match="cannot connect"):
        store.read()
