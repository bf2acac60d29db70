"""`postgres`: a row of a PostgreSQL server: a private one, or the user's by URL."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, cast

from msgspec import structs

from booking.core.protocols import Place
from booking.core.redaction import redacted
from booking.core.spelling import nearest
from booking.core.steps import saw, step
from booking.errors import ConflictError, InventoryError, UnavailableError, UncertainError
from booking.servers.extras import ensure_driver
from booking.servers.postgres import BUYERS_MAX, private_postgres
from booking.stores.common.connection_cache import cache_connection, cached_connection
from booking.stores.common.database import not_durable, sendable
from booking.stores.common.run_lock import SALE, Use, in_use
from booking.stores.common.silence import CONNECT_S, GRACE_S, STATEMENT_S
from booking.stores.common.sql import RefusedError, Rows, SqlInventory
from booking.stores.common.sql_statements import TABLES

if TYPE_CHECKING:
    from psycopg import Connection, Error

IDLE = 0  # of psycopg.pq.TransactionStatus: in no transaction
TABLES_LOCK = 7285642  # an advisory lock: two sessions that create a table at once collide
NO_TABLE = "42P01"
SESSION = "booking "  # and the number of the process that has reserved the inventory
NAME_SESSION = "SELECT set_config('application_name', ?, false)"
TRY_RESERVE = "SELECT pg_try_advisory_lock(hashtext(?))"
HOLDERS = """
SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE locktype = 'advisory' AND granted
  AND objid = (hashtext(?)::bigint & 4294967295)::oid
"""
_UNKNOWN_OPTION = re.compile(r'(?:URI query parameter: |connection option )"([^"]+)"')
_MEANINGS: dict[str, type[InventoryError]] = {
    "40001": ConflictError,  # serialization failure
    "40P01": ConflictError,  # deadlock
    "55P03": UnavailableError,  # the lock took too long
    "57014": UnavailableError,  # the statement took too long
    "23514": RefusedError,  # a check constraint
}

_have_tables: set[str] = set()  # servers on which this process created the tables


class PostgresStore(SqlInventory["Connection[Any]"]):
    """A row of a PostgreSQL table; without a URL on a private server of its own."""

    unpicklable = (*SqlInventory.unpicklable, "_advised")

    shared = True
    torn_reads = False
    buyers_max = BUYERS_MAX  # connections at once, on a private server
    begin: ClassVar[dict[str, str]] = {
        "locked": "BEGIN",
        "serializable": "BEGIN ISOLATION LEVEL SERIALIZABLE",
    }
    now = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
    count_locked = "SELECT remaining FROM booking_inventory WHERE sale = ? FOR UPDATE"
    for_update = " FOR UPDATE"
    skip_locked = " FOR UPDATE SKIP LOCKED"
    resource = "inventory"

    _advised: bool | None = None  # whether this session may hold advisory locks

    def __init__(self, place: Place) -> None:
        ensure_driver("psycopg", "postgres")
        self.location = place.location
        self.sale = "sale" if place.location else sendable(place.scratch)
        self.durable = place.durable
        self.patience_s = place.patience_s
        self._dsn = f"postgresql:{place.location}" if place.location else ""

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold an advisory lock in a session of its own; the server drops it with the session."""
        session = self._session()
        name = (f"booking sale {self.sale}",)
        try:
            with _connect_errors(self._url(), self._dsn):
                session.execute(_translated(NAME_SESSION), (f"{SESSION}{os.getpid()}",))
                rows = session.execute(_translated(TRY_RESERVE), name).fetchall()
                if not rows[0][0]:
                    holders = session.execute(_translated(HOLDERS), name).fetchall()
                    raise in_use(self._url(), _named(holders))
            yield
        finally:
            session.close()

    def prepare(self) -> None:
        """Raise `InventoryError` where a sale shall be durable and the user's server is not."""
        if self.durable and self.location and self._run("SHOW fsync")[0][0] == "off":
            raise not_durable(self._url(), "fsync = off")

    def answers(self, timeout_s: float) -> bool:
        """Ask for a session of its own; a server that refuses one answers, too."""
        import psycopg

        try:
            with psycopg.connect(self._dsn, connect_timeout=max(2, int(timeout_s))) as session:
                session.execute("SELECT 1")
        except psycopg.Error as error:
            return "FATAL" in str(error)  # from the server itself: too many sessions, for example
        return True

    def lock_advisory(self) -> bool:
        """Take the session's advisory lock of this sale; return False where it took too long."""
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
        """Release the advisory lock."""
        step("release", f"{self.resource}.advisory")
        self._run("SELECT pg_advisory_unlock(hashtext(?))", self.sale)

    def open_own(self) -> Connection[Any]:
        """Take an idle connection from the cache, or connect."""
        self._ensure_server()
        idle = cached_connection((self._dsn, self._options()))
        return self._session() if idle is None else cast("Connection[Any]", idle)

    def close_own(self, own: Connection[Any]) -> None:
        """Hand the connection to the cache, without locks of ours, or close it."""
        with suppress(Exception):  # the driver's own errors: the server is gone
            if own.broken or not self._cached(own):
                own.close()

    def _cached(self, connection: Connection[Any]) -> bool:
        if connection.info.transaction_status != IDLE:
            connection.execute(b"ROLLBACK")
        if self._advised:
            connection.execute(b"SELECT pg_advisory_unlock_all()")
        return cache_connection((self._dsn, self._options()), connection)

    def _ensure_server(self) -> None:
        """Start the private server where the user named none."""
        if not self._dsn:
            self._dsn = private_postgres(durable=self.durable)

    def _session(self) -> Connection[Any]:
        """Return a new connection."""
        from booking.stores.common.postgres_lines import connect

        self._ensure_server()
        with _connect_errors(f"{self._url()}: cannot connect", self._dsn):
            session = connect(self._dsn, self._options(), CONNECT_S, STATEMENT_S + GRACE_S)
        session.add_notice_handler(_ignore)
        return session

    def _options(self) -> str:
        """Return the settings of this store's sessions, behind those in the URL."""
        from psycopg.conninfo import conninfo_to_dict

        lock_ms = max(1, int(self.patience_s * 1000))  # 0 would be no limit
        options = (
            f"-c lock_timeout={lock_ms} -c statement_timeout={int(STATEMENT_S * 1000)} "
            r"-c default_transaction_isolation=read\ committed"  # guards say what else they need
        )
        if self.durable:
            options += " -c synchronous_commit=on"
        with _connect_errors(f"{self._url()}: cannot connect", self._dsn):
            given = conninfo_to_dict(self._dsn).get("options") or ""
        return f"{given} {options}".strip()

    def _create(self) -> None:
        self._ensure_server()
        if self._dsn in _have_tables:
            return
        self._run("SELECT pg_advisory_lock(?)", TABLES_LOCK)
        try:
            for table in TABLES:
                self._run(table)
        finally:
            self._run("SELECT pg_advisory_unlock(?)", TABLES_LOCK)
        _have_tables.add(self._dsn)

    def _run(self, statement: str, *values: object) -> Rows:
        import psycopg

        try:
            cursor = self.own().execute(_translated(statement), values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self._meaning(error, statement) from None

    def _meaning(self, error: Error, statement: str) -> InventoryError:
        """Return the error for a failed statement: definite, or uncertain where it may have sold.

        A lost connection undoes all that was not committed, so only a commit is uncertain.
        """
        problem = _in_one_line(error, self._dsn)
        if self._own is None or self._own.closed or self._own.broken:
            autocommitted = not self._open and not statement.startswith(("SELECT", "BEGIN"))
            self.close()
            if statement == "COMMIT" or autocommitted:
                return UncertainError(f"{self._url()}: lost while it may have sold: {problem}")
            return UnavailableError(f"{self._url()}: lost: {problem}")
        if error.sqlstate == NO_TABLE:
            return self._missing()
        return _MEANINGS.get(error.sqlstate or "", InventoryError)(f"{self._url()}: {problem}")

    def _url(self) -> str:
        return redacted(self._dsn).partition("?")[0] if self.location else "postgres"


def _named(holders: Rows) -> Use:
    """Return the use of the session that has reserved the inventory, with its process."""
    numbers = [str(name).removeprefix(SESSION) for (name,) in holders]
    return structs.replace(SALE, pid=next((int(text) for text in numbers if text.isdigit()), 0))


@contextmanager
def _connect_errors(what: str, dsn: str) -> Iterator[None]:
    """Map the driver's errors while nothing can have been sold; make one line of several."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        problem = _in_one_line(error, dsn)
        raise UnavailableError(f"{what}: {problem}{_option_meant(problem)}") from None


def _option_meant(problem: str) -> str:
    """Return the nearest option of a URL where libpq knows none of that name."""
    from psycopg import pq

    wrong = _UNKNOWN_OPTION.search(problem)
    known = [option.keyword.decode() for option in pq.Conninfo.get_defaults()] if wrong else []
    close = nearest(wrong[1], known) if wrong else None
    return f"; did you mean {close}?" if close else ""


def _in_one_line(error: Error, dsn: str) -> str:
    return redacted(" ".join(str(error).split()), dsn)


@lru_cache(maxsize=256)
def _translated(statement: str) -> Any:
    """Return a statement with this driver's placeholders."""
    return statement.replace("?", "%s").encode()


def _ignore(_notice: object) -> None:
    """Ignore a notice: that a table exists already is no news."""
