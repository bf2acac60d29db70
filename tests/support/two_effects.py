"""Stores whose `take` has two effects under one step, and the same done as one effect."""

from __future__ import annotations

import mmap
import os
import sqlite3
from pathlib import Path
from typing import Any

from booking.core.protocols import Place
from booking.core.steps import saw, step
from booking.stores.postgres import PostgresStore
from booking.stores.redis import RedisStore
from booking.stores.sqlite import SqliteStore

READ = "SELECT remaining FROM booking_inventory WHERE sale = ?"
SET = "UPDATE booking_inventory SET remaining = ? WHERE sale = ?"
ONE = "UPDATE booking_inventory SET remaining = remaining - ? WHERE sale = ? AND remaining >= ?"


class Base(SqliteStore):
    """Takes by a connection of its own, which a subclass uses as it likes."""

    isolation: str | None = None

    def take(self, quantity: int) -> int | None:
        step("take", self.resource)
        connection = sqlite3.connect(self.path, isolation_level=self.isolation)  # type: ignore[arg-type]
        try:
            before = self.taken(connection, quantity)
        finally:
            connection.close()
        saw(before)
        return before

    def taken(self, connection: Any, quantity: int) -> int | None:
        raise NotImplementedError

    def chosen(self, connection: Any, quantity: int) -> int | None:
        before = int(connection.execute(READ, (self.sale,)).fetchone()[0])
        if before < quantity:
            return None
        connection.execute(SET, (before - quantity, self.sale))
        return before


class Alone(Base):
    """Two statements, each by itself."""

    def taken(self, connection: Any, quantity: int) -> int | None:
        return self.chosen(connection, quantity)


class ImplicitTransaction(Base):
    """Python begins the transaction before the second statement: behind the read."""

    isolation = "DEFERRED"

    def taken(self, connection: Any, quantity: int) -> int | None:
        with connection:
            return self.chosen(connection, quantity)


class DeferredTransaction(Base):
    """Both in one transaction, which takes its lock only when it writes."""

    def taken(self, connection: Any, quantity: int) -> int | None:
        connection.execute("BEGIN")
        before = self.chosen(connection, quantity)
        connection.execute("COMMIT")
        return before


class TwoCommits(Base):
    """One statement that takes, and another that counts it."""

    def taken(self, connection: Any, quantity: int) -> int | None:
        connection.executemany(ONE, [(quantity, self.sale, quantity)])
        before = int(connection.execute(READ, (self.sale,)).fetchone()[0]) + quantity
        return before if before >= quantity else None


class Constructed(Base):
    """A connection whose statements nothing reports."""

    def take(self, quantity: int) -> int | None:
        step("take", self.resource)
        connection = sqlite3.Connection(self.path, isolation_level=None)
        before = self.chosen(connection, quantity)
        connection.close()
        saw(before)
        return before


class ImmediateTransaction(Base):
    """One effect: the lock is taken before the read."""

    def taken(self, connection: Any, quantity: int) -> int | None:
        connection.execute("BEGIN IMMEDIATE")
        before = self.chosen(connection, quantity)
        connection.execute("COMMIT")
        return before


class Returning(Base):
    """One effect: one statement."""

    def taken(self, connection: Any, quantity: int) -> int | None:
        statement = f"{ONE} RETURNING remaining"
        rows = connection.execute(statement, (quantity, self.sale, quantity)).fetchall()
        return int(rows[0][0]) + quantity if rows else None


class KeptOpen:
    """A file that each buyer keeps open from its first read on."""

    def __init__(self, place: Place) -> None:
        self.path: Path = place.scratch / "shop.bin"
        self.resource = self.path.name
        self._fd = -1

    def reset(self, tickets: int) -> None:
        self.path.write_bytes(b"%20d" % tickets)

    def read(self) -> int:
        step("read", self.resource)
        count = self.count()
        saw(count)
        return count

    def write(self, remaining: int) -> None:
        step("write", self.resource, remaining)
        self.put(remaining)

    def take(self, quantity: int) -> int | None:
        self.read()  # opens the file under a step of its own
        step("take", self.resource)
        before = self.count()
        if before < quantity:
            saw(None)
            return None
        self.put(before - quantity)
        saw(before)
        return before

    def count(self) -> int:
        return int(os.pread(self.fd(), 20, 0))

    def put(self, remaining: int) -> None:
        os.pwrite(self.fd(), b"%20d" % remaining, 0)

    def fd(self) -> int:
        if self._fd < 0:
            self._fd = os.open(self.path, os.O_RDWR)
        return self._fd

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Emptied(KeptOpen):
    """Empties the file that is open, and fills it, under one step."""

    def take(self, quantity: int) -> int | None:
        before = self.read()
        if before < quantity:
            return None
        step("take", self.resource)
        os.ftruncate(self.fd(), 0)
        self.put(before - quantity)
        saw(before)
        return before


class Mapped(KeptOpen):
    """The same in a file that is mapped into memory."""

    def count(self) -> int:
        with mmap.mmap(self.fd(), 20) as page:
            return int(page[:])

    def put(self, remaining: int) -> None:
        with mmap.mmap(self.fd(), 20) as page:
            page[:] = b"%20d" % remaining


class Postgres(PostgresStore):
    """Two statements of a server."""

    def take(self, quantity: int) -> int | None:
        step("take", self.resource)
        before = int(self._run(READ, self.sale)[0][0])
        if before < quantity:
            saw(None)
            return None
        self._run(SET, before - quantity, self.sale)
        saw(before)
        return before


class PostgresTransaction(PostgresStore):
    """One transaction that locks the row first: one effect."""

    def take(self, quantity: int) -> int | None:
        step("take", self.resource)
        with self._transaction():
            before = int(self._run(f"{READ} FOR UPDATE", self.sale)[0][0])
            if before >= quantity:
                self._run(SET, before - quantity, self.sale)
        saw(before if before >= quantity else None)
        return before if before >= quantity else None


class Redis(RedisStore):
    """GET, then DECRBY."""

    def take(self, quantity: int) -> int | None:
        step("take", self.resource)
        before = int(self._call("GET", self._remaining, write=False))
        if before < quantity:
            saw(None)
            return None
        self._call("DECRBY", self._remaining, quantity, write=True)
        saw(before)
        return before


class RedisPlain(RedisStore):
    """The store as it is: one script."""
