"""Servers of the user's own, by URL: one sale at a time, one lock for all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from booking.core.assembly import sidecar
from booking.core.base_classes import hooks
from booking.core.protocols import Place, Store
from booking.core.registry import build, split_url
from booking.errors import InventoryError
from booking.stores.common.run_lock import run_lock
from booking.stores.redis import RedisStore
from tests.conftest import ROOT, Sell
from tests.support.named_servers import named_server

Program = Callable[..., CompletedProcess[str]]
LIMIT_S = 30


@pytest.fixture(scope="module", params=["postgres", "redis"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name a running server, as a user names his."""
    with named_server(request.param, tmp_path_factory.mktemp("server")) as server:
        yield server


def _until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def opened(url: str, folder: Path) -> Store:
    name, location = split_url(url)
    store: Store = build("store", name, Place(location, folder))
    return store


def test_a_second_sale_is_refused_and_both_leave_nothing(
    url: str, sell: Sell, tmp_path: Path
) -> None:
    """It would be blamed for what the first one sells, and the first one for it."""
    store = opened(url, tmp_path)
    store.reset(3)
    with run_lock(store, split_url(url)[1]):
        second = sell(store=url, tickets=3, guard="atomic")
        assert (second["exit_code"], second["error"].count("\n")) == (2, 0)
        holder = f"another sale is running on it (process {os.getpid()}); wait for it"
        assert holder in second["error"]
        assert store.read() == 3
    assert sell(store=url, tickets=3, guard="atomic")["verdict"] == "valid"
    store.close()


def test_the_permit_ends_with_whoever_had_it(url: str, tmp_path: Path) -> None:
    """Also by SIGKILL: the server drops it with the connection."""
    holder = f"""
import sys, time
from tests.e2e.test_named_servers import *
store = opened({url!r}, Path({str(tmp_path)!r}))
with hooks(store).reserved():
    print("held", flush=True)
    time.sleep({LIMIT_S})
"""
    process = subprocess.Popen(
        [sys.executable, "-c", holder],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    store = opened(url, tmp_path)
    with pytest.raises(InventoryError, match="another sale"), hooks(store).reserved():
        pass
    process.send_signal(signal.SIGKILL)
    process.wait(LIMIT_S)
    process.stdout.close()
    _until(lambda: _to_be_had(store))
    store.close()


def _to_be_had(store: Store) -> bool:
    try:
        with hooks(store).reserved():
            return True
    except InventoryError:
        return False


def test_a_private_server_needs_no_permit(tmp_path: Path) -> None:
    """Its rows and keys are the sale's own."""
    store = opened("redis", tmp_path)
    with run_lock(store, ""), run_lock(store, ""):
        pass


def test_whoever_names_it_meets_at_one_lock(url: str, tmp_path: Path) -> None:
    """Two programs with a folder each; a private server's lock is in the sale's own folder."""
    one, two = tmp_path / "one", tmp_path / "two"
    assert sidecar(opened(url, one), one) == sidecar(opened(url, two), two)
    name, _ = split_url(url)
    assert sidecar(opened(name, one), one) == one / "sale.lock"


def test_a_lock_of_a_server_is_private_removed_and_says_whom_it_keeps_out(
    url: str, sell: Sell, tmp_path: Path
) -> None:
    """Another user has a runtime folder of its own, and another machine another file system."""
    lock = sidecar(opened(url, tmp_path), tmp_path)
    assert lock.parent.stat().st_mode & 0o777 == 0o700
    sale = sell(store=url, tickets=3, guard="lock", lock="flock", control=False)
    assert sale["sold"] == 3
    assert [one for one in sale["caveats"] if "keeps out no other user of the server" in one]
    assert not lock.exists()
    private = sell(store=split_url(url)[0], guard="lock", lock="flock", control=False)
    assert not [one for one in private["caveats"] if "keeps out" in one]


def test_a_second_clerk_is_refused(url: str, sell: Sell, tmp_path: Path) -> None:
    """Over one inventory there is one, also where that is a server's."""
    store = opened(url, tmp_path)
    with run_lock(store, split_url(url)[1]):
        second = sell(store=url, tickets=3, guard="clerk")
    assert second["exit_code"] == 2
    store.close()


def test_by_hand_the_store_itself_keeps_buyers_apart(
    url: str, program: Program, tmp_path: Path
) -> None:
    """A lock would, too, but on one machine only."""
    assert program("reset", "--store", url, "--tickets", "2").returncode == 0
    done = [program("buy", "--store", url, "--json") for _ in range(3)]
    assert [one.returncode for one in done] == [0, 0, 1], done
    assert program("search", "--store", url).stdout.startswith("0")


def test_a_connection_that_shall_be_encrypted_is(tmp_path: Path) -> None:
    """`rediss` is not taken for `redis`."""
    name, location = split_url("rediss://me:secret@host:6380/2")
    store = build("store", name, Place(location, tmp_path))
    assert isinstance(store, RedisStore)
    assert store._client().connection_pool.connection_class.__base__.__name__ == "SSLConnection"
    plain = build("store", "redis", Place(split_url("valkey://host/0")[1], tmp_path))
    assert plain._server == "redis://host/0"


def test_a_server_that_is_not_durable_is_refused_a_durable_sale(url: str, sell: Sell) -> None:
    """The promise "on disk before a buyer is told" is the server's to keep: it is asked."""
    refused = sell(store=url, tickets=3, guard="atomic", durable=True)
    assert refused["exit_code"] == 2
    assert "--durable, and the server does not wait for its disk (" in refused["error"]
