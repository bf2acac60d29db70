"""Errors of PostgreSQL are definite or not; what may have happened decides."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from booking.core.protocols import Order, Place
from booking.core.scenario import from_flags
from booking.core.steps import driven_by
from booking.core.verdict import Outcome
from booking.errors import InventoryError, UnavailableError, UncertainError
from booking.experiments.sale import run_sale
from booking.guards.row_lock import RowLockGuard
from booking.servers.postgres import private_postgres
from booking.stores.postgres import PostgresStore
from tests.conftest import Sell

NAME = ".s.PGSQL.5432"
LIMIT_S = 30


@pytest.fixture(scope="module")
def server() -> str:
    """Give the folder of a private server's socket."""
    return dict(word.split("=") for word in private_postgres(durable=False).split())["host"]


class Cable:
    """A relay to the server, which can be cut right after a COMMIT was carried out."""

    def __init__(self, server: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="booking-test-", dir="/tmp")
        self.cut = False
        self._server = f"{server}/{NAME}"
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(f"{self.folder}/{NAME}")
        self._door.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join(LIMIT_S)
        shutil.rmtree(self.folder)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                with client, socket.socket(socket.AF_UNIX) as server:
                    server.connect(self._server)
                    self._relay(client, server)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        server.settimeout(LIMIT_S)
        while asked := client.recv(1 << 16):
            server.sendall(asked)
            if asked[:1] == b"X":
                return
            answer = server.recv(1 << 16)
            while answer[-6:-1] != b"Z\x00\x00\x00\x05":  # until it is ready for the next
                answer += server.recv(1 << 16)
            if self.cut and b"COMMIT" in asked:
                return
            client.sendall(answer)


@pytest.fixture
def cable(server: str) -> Iterator[Cable]:
    made = Cable(server)
    yield made
    made.close()


def opened(folder: str, tmp_path: Path) -> PostgresStore:
    return PostgresStore(Place(f"//booking@/postgres?host={folder}", tmp_path))


def test_a_connection_lost_after_the_commit_is_uncertain(cable: Cable, tmp_path: Path) -> None:
    """The ticket is gone, and no buyer was told whose it is."""
    store = opened(cable.folder, tmp_path)
    store.reset(2)
    cable.cut = True
    with pytest.raises(UncertainError, match="may have sold"):
        RowLockGuard().sell(store, Order(0))
    cable.cut = False
    assert store.read() == 1
    store.close()


def test_a_connection_lost_before_the_commit_is_definite(server: str, tmp_path: Path) -> None:
    """The server undoes what was not committed, so the order certainly failed."""
    store = opened(server, tmp_path)
    store.reset(2)

    def step(action: str, _resource: str, _value: int | None) -> None:
        if action == "write":
            with psycopg.connect(f"host={server} user=booking dbname=postgres") as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND state = 'idle in transaction'"
                )

    driver = SimpleNamespace(step=step, saw=lambda _value: None, network=lambda: None)
    with driven_by(driver), pytest.raises(UnavailableError, match="lost"):
        RowLockGuard().sell(store, Order(0))
    assert store.read() == 2
    store.close()


def test_a_sale_of_uncertain_and_failed_orders_is_judged(sell: Sell, server: str) -> None:
    """Buyers for whom the server has no connection end early, and nothing hangs."""
    with psycopg.connect(f"host={server} user=booking dbname=postgres", autocommit=True) as admin:
        with suppress(psycopg.errors.DuplicateObject):
            admin.execute("CREATE ROLE few LOGIN CONNECTION LIMIT 2")
        admin.execute("GRANT ALL ON SCHEMA public TO few")
        admin.execute("GRANT booking TO few")
    sale = sell(
        store=f"postgresql://few@/postgres?host={server}", guard="atomic", tickets=3, buyers=5,
        control=False,
    )  # fmt: skip
    assert sale["verdict"] == "unknown"
    assert "too many connections" in sale["reason"]
    assert sale["processes"]["hung"] == 0


def test_who_waits_for_a_row_too_long_gives_up(server: str, tmp_path: Path) -> None:
    """The lock's time limit is the server's, and the answer is definite."""
    holder = opened(server, tmp_path)
    holder.reset(2)
    assert holder.read_locked() == 2
    waiter = PostgresStore(Place(f"//booking@/postgres?host={server}", tmp_path, patience_s=0.1))
    reply = RowLockGuard().sell(waiter, Order(1))
    assert (reply.type, reply.error) == ("fail", "lock-timeout")
    holder.rollback()
    assert RowLockGuard().sell(waiter, Order(1)).ticket == 2
    holder.close()
    waiter.close()


@pytest.mark.parametrize("guard", ["row-lock", "atomic", "shards"])
def test_a_database_with_another_isolation_by_default_sells_as_well(
    sell: Sell, server: str, guard: str
) -> None:
    """Guards say what isolation they need; what a database is set to must not undo them."""
    with psycopg.connect(f"host={server} user=booking dbname=postgres", autocommit=True) as admin:
        with suppress(psycopg.errors.DuplicateDatabase):
            admin.execute("CREATE DATABASE strict")
        admin.execute("ALTER DATABASE strict SET default_transaction_isolation='repeatable read'")
    sale = sell(
        store=f"postgresql://booking@/strict?host={server}", guard=guard, tickets=6, buyers=6,
        control=False,
    )  # fmt: skip
    assert (sale["verdict"], sale["sold"]) == ("valid", 6), sale["reason"]


def test_options_in_the_url_are_kept(server: str, tmp_path: Path) -> None:
    """Ours are added to them."""
    location = f"//booking@/postgres?host={server}&options=-csearch_path%3Dpg_temp"
    store = PostgresStore(Place(location, tmp_path))
    (path,) = store.own().execute("SHOW search_path").fetchall()
    (limit,) = store.own().execute("SHOW statement_timeout").fetchall()
    assert (path, limit) == (("pg_temp",), ("30s",))
    store.close()


def test_a_sale_whose_control_cannot_be_run_is_not_thrown_away(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of the user's, and none of ours to be had: what was sold is told, and undecided."""

    def none_to_be_had(*, durable: bool) -> str:
        raise InventoryError("a private server needs the extra postgres")

    monkeypatch.setattr("booking.stores.postgres.private_postgres", none_to_be_had)
    url = f"postgresql://booking@/postgres?host={server}"
    sale = run_sale(from_flags({"store": url, "guard": "atomic", "tickets": 3, "delay": "1ms"}))
    assert (sale.sold, sale.verdict.outcome) == (3, Outcome.UNKNOWN)
    assert "the control could not be run: a private server needs" in sale.verdict.reason
