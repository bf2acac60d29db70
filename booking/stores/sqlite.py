"""`sqlite`: a database in a file, run in the process of each buyer."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from booking.core.protocols import Place
from booking.errors import ConflictError, InventoryError, UnavailableError
from booking.stores.common.sql import RefusedError, Rows, SqlInventory
from booking.stores.common.sql_statements import TABLES

NAME = "sale.db"  # of the private default
BUSY_SNAPSHOT = 517  # SQLITE_BUSY_SNAPSHOT, which Python's module has no name for
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class SqliteStore(SqlInventory[sqlite3.Connection]):
    """A SQLite file with a write-ahead log: one writer at a time, readers never wait.

    SQLite notes in memory which locks a process holds, and a fork copies the notes, not the locks.
    The harness therefore closes the store before it forks, as it does every store that connects.
    """

    shared = True
    torn_reads = False
    begin: ClassVar[dict[str, str]] = {"locked": "BEGIN IMMEDIATE", "serializable": "BEGIN"}
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

    def prepare(self) -> None:
        """Raise `InventoryError` where the folder cannot be written to."""
        if not self.path.parent.is_dir():
            raise InventoryError(f"{self.path}: no such folder; create the folder first")
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise InventoryError(
                f"{self.path}: the folder cannot be written to; check its permissions"
            )

    def open_own(self) -> sqlite3.Connection:
        """Open the file, which must exist: SQLite would create it."""
        if not self.path.exists():
            raise self._missing()
        try:
            connection = sqlite3.connect(
                self.path, timeout=self.patience_s, isolation_level=None, check_same_thread=False
            )
            connection.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'NORMAL'}")
        except sqlite3.Error as error:
            raise self._meaning(error) from None
        return connection

    def close_own(self, own: sqlite3.Connection) -> None:
        """Close the connection; SQLite undoes what was not committed."""
        with suppress(sqlite3.Error):
            own.close()

    def _create(self) -> None:
        # Never open a file that exists: closing it would drop the locks that SQLite holds on it
        # in this process (fcntl(2)), and a second writer would overwrite the log.
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        except FileExistsError:
            pass
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
            raise InventoryError(f"{self.path}: {problem}; check its permissions") from None
        self._run("PRAGMA journal_mode = WAL")
        for table in TABLES:
            self._run(table)

    def _run(self, statement: str, *values: object) -> Rows:
        try:
            return self.own().execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._meaning(error) from None

    def _meaning(self, error: sqlite3.Error) -> InventoryError:
        """Return the error for a failed statement; SQLite undid it, so each is definite."""
        code = getattr(error, "sqlite_errorcode", 0)
        if code == BUSY_SNAPSHOT:
            return ConflictError(f"{self.resource}: another process wrote since it was read")
        if code & 0xFF in _BUSY:
            return UnavailableError(f"{self.resource}: others were writing all the time")
        if code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
            return RefusedError(f"{self.resource}: {error}")
        if "no such table" in str(error):
            return self._missing()
        return InventoryError(f"{self.path}: {error}; check the file and its permissions")

    def _url(self) -> str:
        return f"sqlite:{self.path}"
