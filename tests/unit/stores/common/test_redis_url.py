"""An option that no text can state is refused where the URL is read, not at the first command."""

from __future__ import annotations

import gc
import inspect
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import pytest
from redis import Redis, connection

from booking.core.protocols import Place
from booking.core.registry import build, split_url
from booking.errors import InventoryError
from booking.stores.common.redis_url import NUMBERS, OPTIONS
from tests.support.named_servers import named_server

MAKERS = (
    connection.AbstractConnection,
    connection.Connection,
    connection.SSLConnection,
    connection.ConnectionPool,
    Redis,
)
KNOWN = sorted(set(chain(*(inspect.signature(maker.__init__).parameters for maker in MAKERS))))
VALUES = ("1", "x", "-1", "0", "1e400", "nan", "true", "%00", "/nowhere", "é", "9" * 20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a server that answers, so that each option is used."""
    with named_server("redis", tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(scope="module")
def closed() -> Iterator[str]:
    """Run a server that hangs up, so that a client reads the options of its TLS and no more."""
    with socket.create_server(("127.0.0.1", 0)) as line:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    line.accept()[0].close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        yield f"rediss://127.0.0.1:{line.getsockname()[1]}/0"
        line.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def sold(url: str, folder: Path) -> int | None:
    """Fill a store and take a ticket; None where it is refused as an inventory."""
    name, location = split_url(url)
    store = build("store", name, Place(location, folder))
    try:
        store.reset(3)
        taken: int = store.take(1)
        return taken
    except InventoryError:
        return None
    finally:
        store.close()


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_every_option_of_the_driver_works_or_is_refused(server: str, tmp_path: Path) -> None:
    """Whatever its value: no error of the driver's own comes through."""
    for option in (*KNOWN, "no_such_option"):
        for value in VALUES:
            assert sold(f"{server}?{option}={value}", tmp_path) in {3, None}


@pytest.mark.filterwarnings("ignore")
def test_every_option_of_the_driver_s_tls_is_refused_as_an_inventory_s(
    closed: str, tmp_path: Path
) -> None:
    """A certificate that is missing, or ciphers that do not exist, are found when it connects."""
    for option in KNOWN:
        for value in VALUES if option.startswith("ssl_") else ():
            assert sold(f"{closed}?{option}={value}", tmp_path) is None
    gc.collect()  # the driver leaves its sockets to the collector, which warns of them


@pytest.mark.parametrize("option", [name for name in KNOWN if name not in OPTIONS])
def test_an_option_that_takes_an_object_is_named(option: str, tmp_path: Path) -> None:
    """`retry=1` ended a sale as a defect of booking: a text has no method `call_with_retry`."""
    store = build("store", "redis", Place(f"//127.0.0.1:1/0?{option}=1", tmp_path))
    with pytest.raises(InventoryError, match=f'unknown option "{option}"; '):
        store.connect()


@pytest.mark.parametrize("option", NUMBERS)
def test_a_number_that_is_none_is_named(option: str, tmp_path: Path) -> None:
    """Before the first command, which failed of it."""
    store = build("store", "redis", Place(f"//127.0.0.1:1/0?{option}=-1", tmp_path))
    with pytest.raises(InventoryError, match=f"option {option}: '-1' is no number from"):
        store.connect()


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_options_that_a_text_can_state_still_work(server: str, tmp_path: Path) -> None:
    """Those of URLs that other programs use, too."""
    words = "health_check_interval=30&client_name=me&protocol=3&db=1&max_connections=9"
    assert sold(f"{server}?{words}", tmp_path) == 3
