"""The peer: what one would take instead of a file, SQLite, on its own terms.

A write-ahead log, the busy handler that the library brings, and with `--durable` synchronous=FULL:
on disk before the buyer hears "sold" (https://sqlite.org/wal.html).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress

from booking.core.protocols import SOLD_OUT, AtomicStore, Order, Place, Reply, Store
from booking.core.steps import network, saw, step

BUSY_S = 60.0


class SqliteStore:
    """The count in a table of an SQLite file."""

    resource = "sale.db"
    shared = True
    torn_reads = False

    def __init__(self, place: Place) -> None:
        self.database = str(place.scratch / "sale.db")
        self.synchronous = "FULL" if place.durable else "NORMAL"
        self._db: sqlite3.Connection | None = None
        self._pid = 0

    def reset(self, tickets: int) -> None:
        """Make the table, and put the tickets into it."""
        db = self._own()
        with db:
            db.execute("CREATE TABLE IF NOT EXISTS sale (id INTEGER PRIMARY KEY, tickets INTEGER)")
            db.execute("INSERT OR REPLACE INTO sale VALUES (1, ?)", (tickets,))
        self.close()  # a connection must not be carried into a forked process

    def read(self) -> int:
        """Give the count."""
        step("read", self.resource)
        count = int(self._own().execute("SELECT tickets FROM sale WHERE id = 1").fetchone()[0])
        saw(count)
        return count

    def write(self, remaining: int) -> None:
        """Replace the count."""
        step("write", self.resource, remaining)
        self._own().execute("UPDATE sale SET tickets = ? WHERE id = 1", (remaining,))

    def take(self, quantity: int) -> int | None:
        """Take tickets in one statement, which is a transaction of its own."""
        step("write", self.resource)
        row = (
            self._own()
            .execute(
                "UPDATE sale SET tickets = tickets - ?1 WHERE id = 1 AND tickets >= ?1"
                " RETURNING tickets + ?1",
                (quantity,),
            )
            .fetchall()
        )
        before = int(row[0][0]) if row else None
        saw(before)
        return before

    def close(self) -> None:
        """Close this process's connection."""
        if self._db is not None and self._pid == os.getpid():
            with suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_db": None, "_pid": 0}

    def _own(self) -> sqlite3.Connection:
        if self._db is None or self._pid != os.getpid():
            db = sqlite3.connect(self.database, timeout=BUSY_S, isolation_level=None)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(f"PRAGMA synchronous={self.synchronous}")
            self._db, self._pid = db, os.getpid()
        return self._db


class TakeGuard:
    """The database's own statement instead of read, check and write."""

    needs = AtomicStore
    crash_safe = True

    def sell(self, store: Store, order: Order) -> Reply:
        """Carry out one order."""
        assert isinstance(store, AtomicStore)
        network()
        before = store.take(order.quantity)
        if before is None:
            return Reply("fail", error=SOLD_OUT)
        return Reply("ok", ticket=before)
