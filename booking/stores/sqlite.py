"""`sqlite`: a database in a file, in the process of whoever uses it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from booking.core.protocols import Place
from booking.core.steps import saw, step
from booking.errors import ConflictError, InventoryError, UnavailableError
from booking.stores.common.sql import TABLES, SqlInventory

NAME = "sale.db"  # of the private default
BUSY_SNAPSHOT = 517  # SQLITE_BUSY_SNAPSHOT, which Python's module has no name for
_BEGIN = {"locked": "BEGIN IMMEDIATE", "serializable": "BEGIN"}


class SqliteStore(SqlInventory):
    """A SQLite file with a write-ahead log: one writer at a time, readers never wait."""

    shared = True
    torn_reads = False
    now = "((julianday('now') - 2440587.5) * 86400.0)"
    sale = "sale"

    def __init__(self, place: Place) -> None:
        # sqlite:sale.db, sqlite:///sale.db (from here) and sqlite:////tmp/sale.db (from the root)
        location = place.location.removeprefix("///")
        if location.startswith("//"):
            raise InventoryError(
                f"sqlite:{place.location}: a file has no host; write sqlite:///{location[2:]}"
            )
        self.path = Path(os.path.realpath(location)) if location else place.scratch / NAME
        self.resource = self.path.name
        self.durable = place.durable
        self.patience_s = place.patience_s
        self._connection: sqlite3.Connection | None = None
        self._owner_pid = 0

    def prepare(self) -> None:
        """Refuse a place that could not be written to."""
        if not self.path.parent.is_dir():
            raise InventoryError(f"{self.path}: no such folder; create the folder first")
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise InventoryError(
                f"{self.path}: the folder cannot be written to; check its permissions"
            )

    def connect(self) -> None:
        """Open the file in this process."""
        self._opened()

    def read_locked(self) -> int | None:
        """Become the one writer, and read: what SQLite has for FOR UPDATE."""
        step("acquire", self.resource)
        try:
            self._begin("locked")
        except UnavailableError:
            saw(0)
            return None
        saw(1)
        try:
            return self._count()
        except BaseException:
            self._undo()
            raise

    def close(self) -> None:
        """Close the connection; what was not committed is undone."""
        connection, self._connection = self._connection, None
        self._transaction, self._wrote = "", None
        if connection is not None and self._owner_pid == os.getpid():
            with suppress(sqlite3.Error):
                connection.close()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_connection": None, "_transaction": "", "_wrote": None}

    def _opened(self, *, create: bool = False) -> sqlite3.Connection:
        """Give this process's own connection: one inherited by fork must never be used."""
        if self._connection is not None and self._owner_pid == os.getpid():
            return self._connection
        if not create and not self.path.exists():
            raise self._missing()
        self._owner_pid = os.getpid()
        try:
            self._connection = connection = sqlite3.connect(
                self.path, timeout=self.patience_s, isolation_level=None, check_same_thread=False
            )
            connection.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'NORMAL'}")
            if create:
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error as error:
            raise self._error(error) from None
        return self._connection

    def _create(self) -> None:
        self._opened(create=True)
        for table in TABLES:
            self._run(table)

    def _begin(self, kind: str = "locked") -> None:
        self._run(_BEGIN[kind])
        self._transaction = kind

    def _undo(self) -> None:
        self._transaction, self._wrote = "", None
        if self._connection is not None and self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        connection = self._connection
        if connection is None or self._owner_pid != os.getpid():
            connection = self._opened()
        try:
            return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._error(error) from None

    def _constrained(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._opened().execute(statement, values).fetchall()
        except sqlite3.IntegrityError:
            return []
        except sqlite3.Error as error:
            raise self._error(error) from None

    def _error(self, error: sqlite3.Error) -> InventoryError:
        """Say what an error means; SQLite undoes whatever fails, so each of them is definite."""
        code = getattr(error, "sqlite_errorcode", 0)
        if code == BUSY_SNAPSHOT:
            return ConflictError(f"{self.resource}: somebody else wrote since it was read")
        if code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return UnavailableError(f"{self.resource}: others were writing all the time")
        if "no such table" in str(error):
            return self._missing()
        return InventoryError(f"{self.path}: {error}; check the file and its permissions")

    def _url(self) -> str:
        return f"sqlite:{self.path}"
