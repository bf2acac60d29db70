"""Base of every store that speaks SQL: one inventory in three tables, whichever the engine.

The statements are the same everywhere (`sql_statements`). A subclass opens the connection, runs
a statement, and maps the engine's errors to those of `booking.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, TypeVar

from booking.core.steps import LOST, saw, step
from booking.core.wording import counted
from booking.errors import ConflictError, InventoryError, UnavailableError
from booking.stores.common import sql_statements as sql
from booking.stores.common.database import DatabaseStore, ensure_pool_fits, shares

CLAIMS_MAX = 200  # attempts to learn whether tickets that other buyers are claiming are left

T = TypeVar("T")
Rows = list[tuple[Any, ...]]


class RefusedError(InventoryError):
    """A constraint of the table refused the statement."""


class SqlInventory(DatabaseStore[T]):
    """The count in a row; a subclass gives it an engine."""

    unpicklable: ClassVar[tuple[str, ...]] = ("_open", "_wrote")

    sale: str  # the row's name
    begin: ClassVar[dict[str, str]]  # how to begin a "locked" and a "serializable" transaction
    now: ClassVar[str]  # the engine's clock, in seconds
    count_locked: ClassVar[str] = sql.COUNT  # reads the count, and locks it in the transaction
    for_update: ClassVar[str] = ""  # how to lock the rows that a statement reads
    skip_locked: ClassVar[str] = ""  # how to pass over rows that others are taking

    _open: str | None = None  # the transaction that is open: "locked" or "serializable"
    _wrote: int | None = None  # the count that it will publish

    def reset(self, tickets: int) -> None:
        """Make the inventory hold `tickets`, all in one counter."""
        self._create()
        with self._transaction():
            for statement in sql.CLEAR:
                self._run(statement, self.sale)
            self._run(sql.FILL, self.sale, tickets)

    def write(self, remaining: int) -> None:
        """Replace the count; inside a transaction others see it only after the commit."""
        if self._open == "serializable":
            self._write_serializable(remaining)
        else:
            step("write", self.resource, remaining)
            self._run(sql.SET, remaining, self.sale)
        if self._open:
            self._wrote = remaining

    def take(self, quantity: int) -> int | None:
        """Take tickets if there are enough, in one statement."""
        step("take", self.resource)
        return _taken(self._run(sql.TAKE, quantity, self.sale, quantity), quantity)

    def add(self, delta: int) -> int:
        """Add to the count, in one statement."""
        step("add", self.resource, delta)
        rows = self._run(sql.TAKE_UNCHECKED, -delta, self.sale)
        if not rows:
            raise self._missing()
        saw(rows[0][0])
        return int(rows[0][0])

    def take_constrained(self, quantity: int) -> int | None:
        """Take tickets unchecked; the table's constraint refuses what would be too many."""
        step("take", self.resource)
        try:
            rows = self._run(sql.TAKE_CONSTRAINED, quantity, self.sale)
        except RefusedError:
            rows = []
        return _taken(rows, quantity)

    def read_versioned(self) -> tuple[int, int]:
        """Return the count and the row's version."""
        step("read", self.resource)
        rows = self._run(sql.READ_VERSIONED, self.sale)
        if not rows:
            raise self._missing()
        saw(rows[0][0])
        return int(rows[0][0]), int(rows[0][1])

    def compare_and_set(self, version: int, remaining: int) -> bool:
        """Write if the version is unchanged, in one statement."""
        step("compare-and-set", self.resource, remaining)
        return _done(self._run(sql.SET_VERSIONED, remaining, self.sale, version))

    def read_locked(self) -> int | None:
        """Begin a transaction, lock the row and read it: one effect, SELECT … FOR UPDATE."""
        step("acquire", self.resource)
        try:
            count = self._begin_and_count("locked", self.count_locked)
        except ConflictError:
            raise
        except UnavailableError:
            saw(0)
            return None
        saw(1)
        return count

    def read_serializable(self) -> int:
        """Begin a transaction and read the count in it."""
        step("read", self.resource)
        count = self._begin_and_count("serializable", sql.COUNT)
        saw(count)
        return count

    def commit(self) -> None:
        """Commit the transaction: others see what it wrote, and its locks are released."""
        step("release", self.resource, self._wrote)
        try:
            self._run("COMMIT")
        except ConflictError:
            raise  # the guard that began it rolls it back
        except BaseException:
            self._undo()
            raise
        self._forget_transaction()

    def rollback(self) -> None:
        """Roll back the transaction: others never see what it wrote."""
        step("release", self.resource)
        self._undo()

    def open_pool(self) -> None:
        """Make a row of each ticket that is left."""
        with self._transaction():
            count = self._collect()
            ensure_pool_fits(count)
            self._run(sql.FILL_POOL, count, self.sale, count)
            self._run(sql.SET, 0, self.sale)

    def claim(self, buyer: int, quantity: int) -> int | None:
        """Take free rows; pass over those that other buyers are claiming.

        Where it gets too few, those buyers may still roll back. It therefore tries again until
        fewer are free than were ordered.
        """
        for _ in range(CLAIMS_MAX):
            seats = self._claim(buyer, quantity)
            if len(seats) == quantity:
                return max(seats)
            if self.read() < quantity:
                return None
        raise UnavailableError(f"{counted(quantity, 'ticket')} free, but others were quicker")

    def split(self, shards: int) -> None:
        """Spread the tickets that are left over several rows."""
        with self._transaction():
            for shard, share in enumerate(shares(self._collect(), shards)):
                self._run(sql.FILL_SHARD, self.sale, shard, share)
            self._run(sql.SET, 0, self.sale)

    def take_from(self, shard: int, quantity: int) -> int | None:
        """Take from one row, if it has enough."""
        step("take", self.resource)
        return _taken(self._run(sql.TAKE_SHARD, quantity, self.sale, shard, quantity), quantity)

    def take_across(self, quantity: int) -> bool:
        """Take from all rows together, locked in the order of their numbers."""
        step("take", self.resource)
        with self._transaction():
            rows = self._run(sql.SHARDS.format(for_update=self.for_update), self.sale)
            enough = sum(int(remaining) for _, remaining in rows) >= quantity
            wanted = quantity if enough else 0
            for shard, remaining in rows:
                share = min(wanted, int(remaining))
                wanted -= share
                if share:
                    self._run(sql.TAKE_SHARD_UNCHECKED, share, self.sale, shard)
        saw(int(enough))
        return enough

    def gather(self) -> None:
        """Bring the tickets back from pool and shards into the one counter."""
        rows = self._run(sql.IS_SPREAD, self.sale)
        if rows and rows[0][0]:
            with self._transaction():
                self._collect()

    def take_lease(self, owner: int, lease_s: float) -> int | None:
        """Take the right to write if it is free, by the engine's own clock."""
        step("acquire", f"{self.resource}.lease", owner)
        rows = self._run(sql.TAKE_LEASE.format(now=self.now), lease_s, self.sale)
        return int(rows[0][0]) if _done(rows) else None

    def write_fenced(self, remaining: int, token: int) -> bool:
        """Write unless a higher token was issued, in one statement."""
        step("write", self.resource, remaining)
        return _done(self._run(sql.SET_FENCED, remaining, self.sale, token))

    def give_back(self, token: int) -> None:
        """End the lease, unless another buyer has taken it since."""
        step("release", f"{self.resource}.lease")
        self._run(sql.END_LEASE, self.sale, token)

    def snapshot(self) -> tuple[object, ...]:
        """Return all that buyers share: what is committed, in one statement."""
        return tuple(self._run(sql.SNAPSHOT, self.sale, self.sale, self.sale))

    # Transactions.

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run the block in one transaction: commit it, or roll it back where the block raises.

        A block that called `_undo` has ended its transaction; there is nothing to commit then.
        """
        try:
            self._begin("locked")
            yield
            if self._open:
                self._run("COMMIT")
        except BaseException:
            self._undo()
            raise
        self._forget_transaction()

    def _begin_and_count(self, kind: str, statement: str) -> int:
        """Begin a transaction that the caller ends; read the count in it."""
        try:
            self._begin(kind)
            return self._count(statement)
        except BaseException:
            self._undo()
            raise

    def _begin(self, kind: str) -> None:
        self._run(self.begin[kind])
        self._open = kind

    def _undo(self) -> None:
        """Roll back the transaction; a connection that is lost has rolled it back already."""
        self._forget_transaction()
        if self.owns():
            with suppress(InventoryError):
                self._run("ROLLBACK")

    def _forget_transaction(self) -> None:
        self._open = self._wrote = None

    # Inside a transaction, or alone.

    def _count(self, statement: str = sql.COUNT) -> int:
        rows = self._run(statement, self.sale)
        if not rows:
            raise self._missing()
        return int(rows[0][0])

    def _collect(self) -> int:
        """Bring all tickets into the one counter, in the caller's transaction; return the count."""
        count = self._count()
        self._run(sql.SET, count, self.sale)
        for statement in sql.CLEAR[:2]:  # the pool and the shards
            self._run(statement, self.sale)
        return count

    def _claim(self, buyer: int, quantity: int) -> list[int]:
        """Claim seats: all of them, or none."""
        step("claim", self.resource)
        statement = sql.CLAIM.format(skip_locked=self.skip_locked)
        values = (self.sale, quantity, buyer, self.sale)
        if quantity == 1:
            rows = self._run(statement, *values)
        else:
            with self._transaction():
                rows = self._run(statement, *values)
                if len(rows) < quantity:
                    self._undo()
                    rows = []
        saw(len(rows))
        return [int(row[0]) for row in rows]

    def _write_serializable(self, remaining: int) -> None:
        """Write where another transaction may hold the row, or have committed before."""
        step("acquire", self.resource, remaining)
        try:
            self._run(sql.SET, remaining, self.sale)
        except ConflictError:
            saw(LOST)
            raise
        except UnavailableError as error:
            saw(0)
            raise ConflictError(str(error)) from None
        saw(1)

    # The engine.

    def _create(self) -> None:
        """Create the tables where they are missing."""
        raise NotImplementedError

    def _run(self, statement: str, *values: object) -> Rows:
        """Run one statement; map the engine's errors to those of `booking.errors`."""
        raise NotImplementedError


def _taken(rows: Rows, quantity: int) -> int | None:
    """Return the count before from a row with the count after; None where no row was changed."""
    before = int(rows[0][0]) + quantity if rows else None
    saw(before)
    return before


def _done(rows: Rows) -> bool:
    """Return whether a conditional statement changed a row."""
    saw(len(rows))
    return bool(rows)
