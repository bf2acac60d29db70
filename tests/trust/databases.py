"""Databases and their guards: mutants of the statements, and of how guards use the answers."""

from __future__ import annotations

import sqlite3
from typing import Any, ClassVar, cast

from booking.core.capabilities import AtomicStore, CountingStore, SerializableStore, ShardedStore
from booking.core.protocols import Order, Reply, Store
from booking.core.steps import network, saw, step
from booking.errors import ConflictError
from booking.guards.atomic import AtomicGuard
from booking.guards.common.replies import NO_LOCK, NO_TICKETS
from booking.guards.compensate import CompensateGuard
from booking.guards.optimistic import OptimisticGuard
from booking.guards.row_lock import RowLockGuard
from booking.guards.serializable import SerializableGuard
from booking.guards.shards import SHARDS, ShardsGuard
from booking.stores.common import sql_statements as sql
from booking.stores.common.sql import Rows
from booking.stores.sqlite import SqliteStore

CLAIM = sql.CLAIM.format(skip_locked="")
ANY = "? IS NOT NULL"  # keeps the number of values


class Rewritten(SqliteStore):
    """A database in which some statements are other ones."""

    statements: ClassVar[dict[str, str]] = {}

    def _run(self, statement: str, *values: object) -> Rows:
        return super()._run(self.statements.get(statement, statement), *values)


def rewrite(statement: str, old: str, new: str) -> dict[str, str]:
    """Change a part of a statement; the part must be there."""
    assert old in statement, statement
    return {statement: statement.replace(old, new)}


NO_TRANSACTION = {"BEGIN IMMEDIATE": "SELECT 1", "COMMIT": "SELECT 1", "BEGIN": "SELECT 1"}
STATEMENTS: dict[str, dict[str, str]] = {
    "TakesUnchecked": rewrite(sql.TAKE, "remaining >= ?", ANY),
    "TakesOne": rewrite(sql.TAKE, "remaining - ?", "remaining - 1 + 0 * ?"),
    "TakesNothing": rewrite(sql.TAKE, "remaining - ?", "remaining - 0 * ?"),
    "TakeChecksOne": rewrite(sql.TAKE, "remaining >= ?", "remaining >= MIN(1, ?)"),
    "TakeLeavesLast": rewrite(sql.TAKE, "remaining >= ?", "remaining > ?"),
    "TakeClamps": {
        sql.TAKE: sql.TAKE.replace("remaining - ?", "MAX(0, remaining - ?)").replace(
            "remaining >= ?", ANY
        )
    },
    "ComparesNothing": rewrite(sql.SET_VERSIONED, "AND version = ?", f"AND {ANY}"),
    "VersionsOfOneBit": rewrite(
        sql.SET_VERSIONED, "version = version + 1", "version = (version + 1) % 2"
    ),
    "KeepsVersion": rewrite(sql.SET_VERSIONED, "version = version + 1", "version = version"),
    "ConstrainsNothing": rewrite(sql.TAKE_CONSTRAINED, "constrained = 1", "constrained = 0"),
    "ConstraintClamps": rewrite(sql.TAKE_CONSTRAINED, "remaining - ?", "MAX(0, remaining - ?)"),
    "ClaimsWithoutMark": rewrite(CLAIM, "SET buyer = ?", "SET buyer = NULLIF(?, buyer) * NULL"),
    "ClaimsTaken": rewrite(CLAIM, "AND buyer IS NULL", ""),
    "ShardUnchecked": rewrite(sql.TAKE_SHARD, "remaining >= ?", ANY),
    "ShardTakesNothing": rewrite(sql.TAKE_SHARD, "remaining - ?", "remaining - 0 * ?"),
    "LocksNoRow": NO_TRANSACTION,
}
for _name, _statements in STATEMENTS.items():
    globals()[_name] = type(
        _name, (Rewritten,),
        {"statements": _statements, "__module__": __name__, "__doc__": "A changed statement."},
    )  # fmt: skip


class TakesInTwoStatements(SqliteStore):
    """Checks in one statement and takes in another, under one step."""

    def take(self, quantity: int) -> int | None:
        step("take", self.resource)
        before = int(self._run(sql.COUNT, self.sale)[0][0])
        if before < quantity:
            saw(None)
            return None
        self._run(sql.SET, before - quantity, self.sale)
        saw(before)
        return before


class AddsInTwoStatements(SqliteStore):
    """Reads in one statement and adds in another, under one step."""

    def add(self, delta: int) -> int:
        step("add", self.resource, delta)
        after = int(self._run(sql.COUNT, self.sale)[0][0]) + delta
        self._run(sql.SET, after, self.sale)
        saw(after)
        return after


class ClaimsInTwoStatements(SqliteStore):
    """Chooses a seat in one statement and marks it in another, under one step."""

    def claim(self, buyer: int, quantity: int) -> int | None:
        step("claim", self.resource)
        rows = self._run(
            "SELECT seat FROM booking_ticket WHERE sale = ? AND buyer IS NULL "
            "ORDER BY seat DESC LIMIT ?", self.sale, quantity,
        )  # fmt: skip
        if len(rows) < quantity:
            saw(0)
            return None
        for (seat,) in rows:
            self._run(
                "UPDATE booking_ticket SET buyer = ? WHERE sale = ? AND seat = ?",
                buyer, self.sale, seat,
            )  # fmt: skip
        saw(quantity)
        return int(rows[0][0])


class SecondConnection(SqliteStore):
    """Reads by a connection of its own, under the step that takes."""

    def take(self, quantity: int) -> int | None:
        step("take", self.resource)
        other = sqlite3.connect(self.path, isolation_level=None)
        before = int(other.execute(sql.COUNT, (self.sale,)).fetchone()[0])
        other.close()
        if before < quantity:
            saw(None)
            return None
        self._run(sql.SET, before - quantity, self.sale)
        saw(before)
        return before


class SellsOneSeat(SqliteStore):
    """Answers seat 1 to each buyer."""

    def claim(self, buyer: int, quantity: int) -> int | None:
        return super().claim(buyer, quantity) and 1


class ClaimsSome(SqliteStore):
    """Claims the seats that are free where those are too few."""

    def claim(self, buyer: int, quantity: int) -> int | None:
        free = super().read()
        return super().claim(buyer, min(quantity, free)) if free else None


class ReadsRounded(SqliteStore):
    """Shows the count rounded up to an even one; tickets are taken exactly."""

    def read(self) -> int:
        step("read", self.resource)
        count = -(-int(self._run(sql.COUNT, self.sale)[0][0]) // 2) * 2
        saw(count)
        return count


class ReadsForeignName(SqliteStore):
    """Announces its reads under the name of the table, its writes under that of the file."""

    def read(self) -> int:
        step("read", "tickets")
        count = int(self._run(sql.COUNT, self.sale)[0][0])
        saw(count)
        return count


class ForeignInside(ReadsForeignName):
    """The same; and what has two names neither begins an order nor ends it."""

    def read(self) -> int:
        step("read", "settings")
        return super().read()

    def write(self, remaining: int) -> None:
        super().write(remaining)
        step("read", "settings")


class ComparesCount(SqliteStore):
    """Writes over the count that it read; counts only fall, so that is sound."""

    def read_versioned(self) -> tuple[int, int]:
        count = super().read()
        return count, count

    def compare_and_set(self, version: int, remaining: int) -> bool:
        step("compare-and-set", self.resource, remaining)
        statement = f"{sql.SET} AND remaining = ? RETURNING 1"
        rows = self._run(statement, remaining, self.sale, version)
        saw(len(rows))
        return bool(rows)


# Guards.


class HearsNoCompare(OptimisticGuard):
    """Takes every comparison for a success."""

    def sell(self, store: Store, order: Order) -> Reply:
        versioned = cast("Any", store)
        remaining, version = versioned.read_versioned()
        network()
        if remaining < order.quantity:
            return NO_TICKETS
        versioned.compare_and_set(version, remaining - order.quantity)
        return Reply("ok", remaining)


class RetriesOldRead(OptimisticGuard):
    """After a conflict reads the version anew, and writes by the old count."""

    def sell(self, store: Store, order: Order) -> Reply:
        versioned = cast("Any", store)
        remaining, version = versioned.read_versioned()
        network()
        if remaining < order.quantity:
            return NO_TICKETS
        for _ in range(5):
            if versioned.compare_and_set(version, remaining - order.quantity):
                return Reply("ok", remaining)
            _, version = versioned.read_versioned()
        return Reply("fail", error="conflict")


class SoldOutOnConflict(OptimisticGuard):
    """Takes a conflict for the end of the tickets."""

    def sell(self, store: Store, order: Order) -> Reply:
        versioned = cast("Any", store)
        remaining, version = versioned.read_versioned()
        network()
        if remaining < order.quantity:
            return NO_TICKETS
        done = versioned.compare_and_set(version, remaining - order.quantity)
        return Reply("ok", remaining) if done else NO_TICKETS


class _RowLock(RowLockGuard):
    before: ClassVar[str] = ""  # called between reading and writing
    after: ClassVar[str] = "commit"

    def sell(self, store: Store, order: Order) -> Reply:
        locking = cast("Any", store)
        remaining = locking.read_locked()
        if remaining is None:
            return NO_LOCK
        if self.before:
            getattr(locking, self.before)()
        network()
        if remaining < order.quantity:
            if not self.before:
                locking.commit()
            return NO_TICKETS
        store.write(remaining - order.quantity)
        if self.after:
            getattr(locking, self.after)()
        return Reply("ok", remaining)


class CommitsEarly(_RowLock):
    """Commits between reading and writing."""

    before, after = "commit", ""


class RollsBack(_RowLock):
    """Answers ok, and undoes the sale."""

    after = "rollback"


class NeverCommits(_RowLock):
    """Answers ok, and leaves the commit to the end of the process, which undoes it."""

    after = ""


class HearsNoConflict(SerializableGuard):
    """Takes a transaction that was undone for a sale."""

    def sell(self, store: Store, order: Order) -> Reply:
        transaction = cast("SerializableStore", store)
        remaining = transaction.read_serializable()
        network()
        try:
            if remaining < order.quantity:
                transaction.commit()
                return NO_TICKETS
            store.write(remaining - order.quantity)
            transaction.commit()
        except ConflictError:
            transaction.rollback()
        return Reply("ok", remaining)


class ReadsOutside(SerializableGuard):
    """Reads before its transaction, and writes by that."""

    def sell(self, store: Store, order: Order) -> Reply:
        transaction = cast("SerializableStore", store)
        remaining = store.read()
        network()
        if remaining < order.quantity:
            return NO_TICKETS
        try:
            transaction.read_serializable()
            store.write(remaining - order.quantity)
            transaction.commit()
        except ConflictError:
            transaction.rollback()
            return Reply("fail", error="conflict")
        return Reply("ok", remaining)


class YesToAll(AtomicGuard):
    """Takes a refusal for a sale."""

    def sell(self, store: Store, order: Order) -> Reply:
        return Reply("ok", cast("AtomicStore", store).take(order.quantity) or 1)


class AnswersNothing(AtomicGuard):
    """Sells, and never answers anything definite."""

    def sell(self, store: Store, order: Order) -> Reply:
        super().sell(store, order)
        return Reply("info", error="no-answer")


class TextSeat(AtomicGuard):
    """Sells, and names the ticket by a text; sound."""

    numbers: ClassVar[str] = "none"

    def sell(self, store: Store, order: Order) -> Reply:
        reply = super().sell(store, order)
        return Reply("ok", f"A{reply.ticket}") if reply.type == "ok" else reply  # type: ignore[arg-type]  # the fault


class TakesThenChecks(AtomicGuard):
    """Reads what is left instead of the answer."""

    def sell(self, store: Store, order: Order) -> Reply:
        before = store.read()
        network()
        cast("AtomicStore", store).take(order.quantity)
        return Reply("ok", before) if before >= order.quantity else NO_TICKETS


class OneShard(ShardsGuard):
    """Looks into the buyer's own counter alone."""

    def sell(self, store: Store, order: Order) -> Reply:
        sharded = cast("ShardedStore", store)
        taken = sharded.take_from(order.buyer % SHARDS, order.quantity)
        return NO_TICKETS if taken is None else Reply("ok")


class KeepsTooMuch(CompensateGuard):
    """Puts nothing back."""

    def sell(self, store: Store, order: Order) -> Reply:
        after = cast("CountingStore", store).add(-order.quantity)
        return Reply("ok", after + order.quantity) if after >= 0 else NO_TICKETS


class PutsBackAlways(CompensateGuard):
    """Puts back what was sold, too."""

    def sell(self, store: Store, order: Order) -> Reply:
        counting = cast("CountingStore", store)
        after = counting.add(-order.quantity)
        counting.add(order.quantity)
        return Reply("ok", after + order.quantity) if after >= 0 else NO_TICKETS
