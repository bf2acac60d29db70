"""An error of PostgreSQL is definite unless the order may have taken effect."""

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
    """Return the folder of a private server's socket."""
    return dict(word.split("=") for word in private_postgres(durable=False).split())["host"]


class CommitProxy:
    """A relay to the server, which can be cut right after a COMMIT was carried out."""

    def __init__(self, server: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="booking-test-", dir="/tmp")
        self.cut = False
        self._server = f"{server}/{NAME}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self.folder}/{NAME}")
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(LIMIT_S)
        shutil.rmtree(self.folder)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, socket.socket(socket.AF_UNIX) as server:
                    server.connect(self._server)
                    self._relay(client, server)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        server.settimeout(LIMIT_S)
        while request := client.recv(1 << 16):
            server.sendall(request)
            if request[:1] == b"X":
                return
            answer = server.recv(1 << 16)
            while (
                answer[-6:-1] != b"Z\x00\x00\x00\x05"
            ):  # until the server is ready for the next request
                answer += server.recv(1 << 16)
            if self.cut and b"COMMIT" in request:
                return
            client.sendall(answer)


@pytest.fixture
def proxy(server: str) -> Iterator[CommitProxy]:
    relay = CommitProxy(server)
    yield relay
    relay.close()


def opened(folder: str, tmp_path: Path) -> PostgresStore:
    return PostgresStore(Place(f"//booking@/postgres?host={folder}", tmp_path))


def test_a_connection_lost_after_the_commit_is_uncertain(
    proxy: CommitProxy, tmp_path: Path
) -> None:
    """The ticket is gone, and no buyer learned of it."""
    store = opened(proxy.folder, tmp_path)
    store.reset(2)
    proxy.cut = True
    with pytest.raises(UncertainError, match="may have sold"):
        RowLockGuard().sell(store, Order(0))
    proxy.cut = False
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
    """Buyers that the server refuses a connection end early, and none hangs."""
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


def test_waiting_for_a_row_ends_with_the_time_limit(server: str, tmp_path: Path) -> None:
    """The server's, on a lock; the reply is definite."""
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
    """Guards state the isolation that they need; the database's setting does not undo it."""
    with psycopg.connect(f"host={server} user=booking dbname=postgres", autocommit=True) as admin:
        with suppress(psycopg.errors.DuplicateDatabase):
            admin.execute("CREATE DATABASE strict")
        admin.execute("ALTER DATABASE strict SET default_transaction_isolation='repeatable read'")
    sale = sell(
        store=f"postgresql://booking@/strict?host={server}", guard=guard, tickets=6, buyers=6,
        control=False,
    )  # fmt: skip
    assert (sale["answers"], sale["sold"]) == ("valid", 6), sale["reason"]


def test_options_in_the_url_are_kept(server: str, tmp_path: Path) -> None:
    """The store adds its own."""
    location = f"//booking@/postgres?host={server}&options=-csearch_path%3Dpg_temp"
    store = PostgresStore(Place(location, tmp_path))
    (path,) = store.own().execute("SHOW search_path").fetchall()
    (limit,) = store.own().execute("SHOW statement_timeout").fetchall()
    assert (path, limit) == (("pg_temp",), ("30s",))
    store.close()


def test_a_sale_whose_control_cannot_run_is_reported(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no private server can start: what was sold on the user's, with verdict unknown."""

    def unavailable(*, durable: bool) -> str:
        raise InventoryError("a private server needs the extra postgres")

    monkeypatch.setattr("booking.stores.postgres.private_postgres", unavailable)
    url = f"postgresql://booking@/postgres?host={server}"
    sale = run_sale(from_flags({"store": url, "guard": "atomic", "tickets": 3, "delay": "1ms"}))
    assert (sale.sold, sale.verdict.outcome) == (3, Outcome.UNKNOWN)
    assert "the control could not be run: a private server needs" in sale.verdict.reason
