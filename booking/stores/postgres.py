"""`postgres`: a row of a PostgreSQL server: a private one, or one of yours by URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from booking.core.protocols import Place
from booking.core.redaction import redacted
from booking.core.steps import saw, step
from booking.errors import ConflictError, InventoryError, UnavailableError, UncertainError
from booking.servers.postgres import BUYERS_MAX, private_postgres
from booking.stores.common.connection_cache import keep, kept
from booking.stores.common.run_lock import another
from booking.stores.common.sql import TABLES, SqlInventory

if TYPE_CHECKING:
    from psycopg import Connection, Error

CONNECT_S = 5
STATEMENT_S = 30.0  # a statement that takes longer is cancelled by the server
NO_TABLE = {"42P01"}
IDLE = 0  # of psycopg.pq.TransactionStatus: in no transaction
_BEGIN = {"locked": "BEGIN", "serializable": "BEGIN ISOLATION LEVEL SERIALIZABLE"}

_inherited: list[object] = []  # connections of a parent: clearing them away would end them
_created: set[str] = set()


class PostgresStore(SqlInventory):
    """A row of a PostgreSQL table; without a URL on a private server of its own."""

    shared = True
    torn_reads = False
    buyers_max = BUYERS_MAX  # who are connected at once, on a private server
    now = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
    skip_locked = " FOR UPDATE SKIP LOCKED"
    resource = "inventory"

    def __init__(self, place: Place) -> None:
        try:
            import psycopg  # noqa: F401 - only whether it is there
        except ImportError:
            raise InventoryError(
                "store postgres needs the extra postgres; install it with: "
                "pip install 'booking[postgres]'"
            ) from None
        self.location = place.location
        self.sale = "sale" if place.location else str(place.scratch)
        self.durable = place.durable
        self.patience_s = place.patience_s
        self._dsn = f"postgresql:{place.location}" if place.location else ""
        self._connection: Connection[Any] | None = None
        self._owner_pid = 0
        self._advised = False  # whether this session may hold advisory locks

    def connect(self) -> None:
        """Connect this process."""
        self._opened()

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold an advisory lock in a session of its own; the server drops it with the session."""
        session = self._session()
        wanted = _translated("SELECT pg_try_advisory_lock(hashtext(?))")
        try:
            with _said(self._url(), self._dsn):
                held = session.execute(wanted, (f"booking sale {self.sale}",)).fetchall()
            if not held[0][0]:
                raise another(self._url())
            yield
        finally:
            session.close()

    def read_locked(self) -> int | None:
        """Begin a transaction, lock the row and read it: one effect, SELECT … FOR UPDATE."""
        step("acquire", self.resource)
        self._begin("locked")
        try:
            rows = self._run(
                "SELECT remaining FROM booking_inventory WHERE sale = ? FOR UPDATE", self.sale
            )
        except ConflictError:
            self._undo()
            raise
        except UnavailableError:
            self._undo()
            saw(0)
            return None
        if not rows:
            self._undo()
            raise self._missing()
        saw(1)
        return int(rows[0][0])

    def lock_advisory(self) -> bool:
        """Take the session's advisory lock of this sale."""
        step("acquire", f"{self.resource}.advisory")
        self._advised = True
        try:
            self._run("SELECT pg_advisory_lock(hashtext(?))", self.sale)
        except UnavailableError:
            saw(0)
            return False
        saw(1)
        return True

    def unlock_advisory(self) -> None:
        """Give it back."""
        step("release", f"{self.resource}.advisory")
        self._run("SELECT pg_advisory_unlock(hashtext(?))", self.sale)

    def close(self) -> None:
        """Close the connection; the server undoes what was not committed."""
        connection, self._connection = self._connection, None
        self._transaction, self._wrote = "", None
        if connection is None:
            return
        if self._owner_pid != os.getpid():
            _inherited.append(connection)
            return
        with suppress(Exception):
            if connection.broken or not self._kept(connection):
                connection.close()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_connection": None, "_transaction": "", "_wrote": None}

    def _kept(self, connection: Connection[Any]) -> bool:
        """Hand the connection in for the next who wants one like it, without locks of ours."""
        if connection.info.transaction_status != IDLE:
            connection.execute(b"ROLLBACK")
        if self._advised:
            connection.execute(b"SELECT pg_advisory_unlock_all()")
        return keep((self._dsn, self._options()), connection)

    def _opened(self) -> Connection[Any]:
        if self._connection is not None and self._owner_pid == os.getpid():
            return self._connection
        if self._connection is not None:
            _inherited.append(self._connection)
            self._connection = None
        if not self._dsn:
            self._dsn = private_postgres(durable=self.durable)
        self._owner_pid = os.getpid()
        spare = kept((self._dsn, self._options()))
        self._connection = self._session() if spare is None else cast("Connection[Any]", spare)
        return self._connection

    def _session(self) -> Connection[Any]:
        """Connect anew."""
        import psycopg

        with _said(f"{self._url()}: cannot connect", self._dsn):
            session = psycopg.connect(
                self._dsn, autocommit=True, connect_timeout=CONNECT_S, options=self._options()
            )
        session.add_notice_handler(_ignore)
        return session

    def _options(self) -> str:
        """Give the settings of this store's sessions."""
        from psycopg.conninfo import conninfo_to_dict

        lock_ms = max(1, int(self.patience_s * 1000))  # 0 would be no limit
        options = (
            f"-c lock_timeout={lock_ms} -c statement_timeout={int(STATEMENT_S * 1000)} "
            r"-c default_transaction_isolation=read\ committed"  # guards say what else they need
        )
        if self.durable:
            options += " -c synchronous_commit=on"
        with _said(f"{self._url()}: cannot connect", self._dsn):
            given = conninfo_to_dict(self._dsn).get("options") or ""
        return f"{given} {options}".strip()

    def _create(self) -> None:
        self._opened()
        if self._dsn not in _created:
            # Two who create the same table at once are in each other's way, even so.
            self._run("SELECT pg_advisory_lock(7285642)")
            try:
                for table in TABLES:
                    self._run(table)
            finally:
                self._run("SELECT pg_advisory_unlock(7285642)")
            _created.add(self._dsn)

    def _begin(self, kind: str = "locked") -> None:
        self._run(_BEGIN[kind])
        self._transaction = kind

    def _undo(self) -> None:
        self._transaction, self._wrote = "", None
        if self._connection is not None:
            with suppress(InventoryError):
                self._run("ROLLBACK")

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        import psycopg

        try:
            cursor = self._opened().execute(_translated(statement), values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self._error(error, statement) from None

    def _constrained(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._run(statement, *values)
        except _RefusedError:
            return []

    def _error(self, error: Error, statement: str) -> InventoryError:
        """Say what an error means, and whether the statement may have taken effect."""
        problem = _in_one_line(error, self._dsn)
        connection = self._connection
        if connection is None or connection.closed or connection.broken:
            # Gone, and with it all that was not committed: only a commit is uncertain.
            autocommitted = not self._transaction and not statement.startswith(("SELECT", "BEGIN"))
            self.close()
            if statement == "COMMIT" or autocommitted:
                return UncertainError(f"{self._url()}: lost while it may have sold: {problem}")
            return UnavailableError(f"{self._url()}: lost: {problem}")
        if error.sqlstate in NO_TABLE:
            return self._missing()
        return _MEANINGS.get(error.sqlstate or "", InventoryError)(f"{self._url()}: {problem}")

    def _url(self) -> str:
        return redacted(self._dsn).partition("?")[0] if self.location else "postgres"


@contextmanager
def _said(what: str, dsn: str) -> Iterator[None]:
    """Say in one line what the driver says in several; nothing was sold yet."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise UnavailableError(f"{what}: {_in_one_line(error, dsn)}") from None


def _in_one_line(error: Error, dsn: str) -> str:
    return redacted(" ".join(str(error).split()), dsn)


class _RefusedError(InventoryError):
    """A constraint refused what would have been wrong."""


_MEANINGS: dict[str, type[InventoryError]] = {
    "40001": ConflictError,  # serialization failure
    "40P01": ConflictError,  # deadlock
    "55P03": UnavailableError,  # the lock took too long
    "57014": UnavailableError,  # the statement took too long
    "23514": _RefusedError,  # a check constraint
}


@lru_cache(maxsize=256)
def _translated(statement: str) -> Any:
    """Give a statement with the placeholders that this driver knows."""
    return statement.replace("?", "%s").encode()


def _ignore(_notice: object) -> None:
    """Nobody needs to hear that a table exists already."""
