"""Cures of races in SQL, in the spelling of the user: plain, SQLAlchemy or Django."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from booking.report.cures.case import Act, Case, Named, Stale, taken
from booking.report.cures.statement import Statement, bare

NO_ROW = {"0", "0 rows", "no row", "0  None", "-1  None"}
UNLOCKS = re.compile(r"\b(pg_advisory_unlock|release|unlock)\w*", re.IGNORECASE)


class Tested(NamedTuple):
    """What a conditional UPDATE tests of a column."""

    column: str
    operator: str
    value: object

    @property
    def sql(self) -> str:
        """The condition in SQL."""
        return f"{self.column} {self.operator}" + ("" if self.value is None else f" {self.value}")


def conditional_update(case: Case) -> Named | None:
    """SELECT, then UPDATE of the same table: one UPDATE that tests what the SELECT had shown."""
    for stale in case.stale:
        write = stale.write.statement
        if write is None or write.verb != "update" or (test := _test_of(stale, write)) is None:
            continue
        if write.mentions(test.column):
            continue
        why = f"{stale.why}; let the UPDATE test it itself: sold where it changed 1 row"
        if test.value is None:
            why += ", else look for another one"
        return Named("conditional-update", why, _conditional(case, write, test))
    return None


def _test_of(stale: Stale, write: Statement) -> Tested | None:
    if (counted := taken(stale)) is not None:
        return Tested(counted[0], ">=", counted[1])
    read = stale.read.statement
    for column in write.sets:
        free = rf"\b{re.escape(bare(column))}\W*\s+IS\s+NULL\b"
        if read is not None and re.search(free, read.where, re.IGNORECASE):
            return Tested(column, "IS NULL", None)
    return None


def _conditional(case: Case, write: Statement, test: Tested) -> str:
    if case.layer:
        return _conditional_orm(case, write, test)
    sets = dict(write.sets)
    if test.operator == ">=":
        sets = {test.column: f"{test.column} - {test.value}"}
    pairs = ", ".join(f"{column} = {value}" for column, value in sets.items())
    where = f"({write.where})" if re.search(r"\bOR\b", write.where, re.I) else write.where
    return f"UPDATE {write.table} SET {pairs} WHERE " + " AND ".join(
        part for part in (where, test.sql) if part
    )


def _conditional_orm(case: Case, write: Statement, test: Tested) -> str:
    model, column, counts = case.model(write), bare(test.column), test.operator == ">="
    row = _row(write)
    if case.layer == "django":
        tested = f"{column}__gte={test.value}" if counts else f"{column}__isnull=True"
        value = f'F("{column}") - {test.value}' if counts else "..."
        rows = [f"{name}={value!r}" for name, value in row.items()]
        return (
            f"{model}.objects.filter({', '.join([*rows, tested])})"
            f".update({column}={value})"
        )  # fmt: skip
    tested = f"{model}.{column} >= {test.value}" if counts else f"{model}.{column}.is_(None)"
    value = f"{model}.{column} - {test.value}" if counts else "..."
    rows = [f"{model}.{name} == {value!r}" for name, value in row.items()]
    return (
        f"session.execute(update({model}).where({', '.join([*rows, tested])})"
        f".values({column}={value})).rowcount"
    )


def _row(statement: Statement | None) -> dict[str, object]:
    """Return the columns that choose the row, with their values, as far as they could be told."""
    return (statement.fixed() if statement is not None else None) or {}


def for_update(case: Case) -> Named | None:
    """SELECT, then UPDATE of the same table: the SELECT locks the row until COMMIT."""
    for stale in case.stale:
        read = stale.read.statement
        if not case.is_postgres or read is None or read.locks or read.aggregates:
            continue
        if stale.write.statement is None or stale.write.statement.verb == "insert":
            continue
        why = f"{stale.why}; lock the row where it is read, in the transaction that writes it"
        how = "" if not _is_choice(read) else " SKIP LOCKED"
        return Named("for-update", why, _locking(case, read, how))
    return None


def _is_choice(read: Statement) -> bool:
    """Return whether a SELECT takes any of several rows: then a locked one is passed over."""
    return re.search(r"\bLIMIT\s+1\b", read.text, re.IGNORECASE) is not None and re.search(
        r"\bIS\s+NULL\b", read.where, re.IGNORECASE
    ) is not None  # fmt: skip


def _locking(case: Case, read: Statement, how: str) -> str:
    model, skips = case.model(read), "skip_locked=True" if how else ""
    row = _row(read)
    if case.layer == "django":
        rows = ", ".join(f"{name}={value!r}" for name, value in row.items())
        chosen = f".filter({rows}).first()" if how else f".get({rows})"
        return f"{model}.objects.select_for_update({skips}){chosen}"
    if case.layer == "sqlalchemy":
        rows = ", ".join(f"{model}.{name} == {value!r}" for name, value in row.items())
        where = f".where({rows})" if rows else ""
        return f"session.scalars(select({model}){where}.with_for_update({skips})).first()"
    return f"{read.text} FOR UPDATE{how}"


def begin_immediate(case: Case) -> Named | None:
    """SQLite: a transaction that begins with a read lets another one write before it writes."""
    if not case.is_sqlite or not case.stale:
        return None
    statement = {
        "django": 'DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}',
        "sqlalchemy": '@event.listens_for(engine, "begin")\n'
        'def begin(connection): connection.exec_driver_sql("BEGIN IMMEDIATE")',
    }.get(case.layer, "BEGIN IMMEDIATE")
    inside = ", and read inside of transaction.atomic()" if case.layer == "django" else ""
    why = f"{case.stale[0].why}; lock the database before the read, until COMMIT{inside}"
    return Named("begin-immediate", why, statement)


def serializable(case: Case) -> Named | None:
    """PostgreSQL: the server refuses one of two transactions that no order explains."""
    if not case.is_postgres or not case.stale:
        return None
    statement = {
        "django": 'DATABASES["default"]["OPTIONS"] = '
        '{"isolation_level": psycopg.IsolationLevel.SERIALIZABLE}',
        "sqlalchemy": 'create_engine(url, isolation_level="SERIALIZABLE")',
    }.get(case.layer, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    why = f"{case.stale[0].why}; in one transaction, and begin again at SQLSTATE 40001"
    return Named("serializable", why, statement)


def skip_locked(case: Case) -> Named | None:
    """An inner SELECT chooses a row, and two buyers choose the same: pass over locked rows."""
    for act in case.acts:
        statement = act.statement
        if not case.is_postgres or statement is None or not statement.inner:
            continue
        if "LOCKED" in statement.inner.upper() or statement.verb != "update":
            continue
        locking = re.sub(r"\s+FOR\s+UPDATE\s*$", "", statement.inner, flags=re.IGNORECASE)
        text = statement.text.replace(statement.inner, f"{locking} FOR UPDATE SKIP LOCKED")
        why = (
            "the inner SELECT chooses a row before it is locked, and the one that waits keeps its "
            f"choice ({act.step.where}); lock the row where it is chosen"
        )
        return Named("skip-locked", why, " ".join(text.split()))
    return None


def unique_constraint(case: Case) -> Named | None:
    """Look whether a row is there, then INSERT it: let the database refuse the second one."""
    if "double-sold" not in case.anomalies:
        return None
    for stale in case.stale:
        read, write = stale.read.statement, stale.write.statement
        if read is None or write is None or write.verb != "insert":
            continue
        columns = [name for name in map(bare, write.columns) if read.mentions(name)]
        if not columns:
            continue
        named = ", ".join(columns)
        index = "_".join(["only", write.name, *columns])
        text = f"CREATE UNIQUE INDEX {index} ON {write.table} ({named})"
        if case.layer == "django":
            fields = ", ".join(f'"{name}"' for name in columns)
            text = f'models.UniqueConstraint(fields=[{fields}], name="{index}")'
        elif case.layer == "sqlalchemy":
            text = f"UniqueConstraint({', '.join(map(repr, columns))}, name={index!r})"
        why = f"{_inserted(stale)}; a second row is refused then: that buyer is told sold out"
        return Named("unique-constraint", why, text)
    return None


def _inserted(stale: Stale) -> str:
    place = f" ({stale.write.step.where})" if stale.write.step.where else ""
    return (
        f"buyer {stale.write.buyer} inserted a row by what it had seen before "
        f"buyer {stale.meanwhile.buyer} inserted one{place}"
    )


def parent_row_lock(case: Case) -> Named | None:
    """Count rows, then INSERT one: no row to lock is there yet, so lock one that is."""
    for stale in case.stale:
        read, write = stale.read.statement, stale.write.statement
        if not case.is_postgres or read is None or write is None or write.verb != "insert":
            continue
        why = f"{_inserted(stale)}; what two buyers count must be locked before it is counted"
        return Named("parent-lock", why, _parent_lock(case, stale, write))
    return None


def _parent_lock(case: Case, stale: Stale, write: Statement) -> str:
    """Return the lock of a row that the buyer reads anyway, else that of the table."""
    for act in case.of(stale.write.buyer):
        parent = act.statement
        if parent is None or parent.verb != "select" or parent.name == write.name:
            continue
        if not parent.aggregates:
            return _locking(case, parent, "")
    return f"LOCK TABLE {write.table} IN SHARE ROW EXCLUSIVE MODE"


def check_rowcount(case: Case) -> Named | None:
    """A conditional UPDATE changed no row, and the buyer was told that it has a ticket."""
    for act in case.acts:
        statement = act.statement
        if statement is None or statement.verb not in {"update", "delete"} or not statement.where:
            continue
        if act.step.saw in NO_ROW and case.sold(act.buyer):
            why = (
                f"the {statement.verb.upper()} of buyer {act.buyer} changed no row, and it was "
                f"told sold ({act.step.where}); look at the number of rows"
            )
            return Named("check-rowcount", why, _counted(case))
    return None


def _counted(case: Case) -> str:
    words = {"django": "if not updated:  # the number that update() returns",
             "sqlalchemy": "if result.rowcount != 1:"}  # fmt: skip
    return words.get(case.layer, "if cursor.rowcount != 1:") + " return None"


def one_transaction(case: Case) -> Named | None:
    """A buyer's read and write are parts of two transactions, so a lock of the first is gone."""
    for stale in case.stale:
        read = stale.read.statement
        if read is None or not read.locks:
            continue
        why = (
            f"{stale.why}: the lock of its SELECT ended with its transaction; "
            "read and write in one transaction"
        )
        words = {"django": "with transaction.atomic():",
                 "sqlalchemy": "with Session(engine) as session, session.begin():"}  # fmt: skip
        return Named("one-transaction", why, words.get(case.layer, "BEGIN"))
    return None


def unlock_after_commit(case: Case) -> Named | None:
    """A lock is released, and COMMIT comes after it: the next holder does not see the write."""
    for buyer in range(len(case.answers)):
        acts = case.of(buyer)
        for act in acts:
            if not UNLOCKS.search(act.step.text) or act.action in {"release", "savepoint"}:
                continue
            open_write = _open_write(acts, act.at)
            ends = [one for one in acts if one.at > act.at and one.action == "commit"]
            if open_write and ends:
                why = (
                    f"buyer {buyer} released its lock before COMMIT ({act.step.where}): the next "
                    "holder reads what was before; release it behind COMMIT"
                )
                return Named("unlock-after-commit", why, f"COMMIT; {act.step.text}")
    return None


def _open_write(acts: Sequence[Act], before: int) -> bool:
    """Return whether something is written and not committed at a step."""
    written = False
    for act in acts:
        if act.at >= before:
            break
        if act.action == "commit":
            written = False
        elif act.statement is not None and act.statement.verb in {"update", "insert", "delete"}:
            written = True
    return written


def read_inside_lock(case: Case) -> Named | None:
    """A buyer reads, takes a lock, and writes by what it had read outside of the lock."""
    for stale in case.stale:
        locks = [
            act for act in case.of(stale.write.buyer)
            if stale.read.at < act.at <= stale.write.at and _takes_lock(act.step.text)
        ]  # fmt: skip
        if locks:
            why = f"{stale.why}, and took its lock in between ({locks[0].step.where})"
            text = stale.read.statement.text if stale.read.statement else ""
            return Named("read-inside-lock", f"{why}; read behind the lock",
                         f"{locks[0].step.text}; {text}")  # fmt: skip
    return None


def _takes_lock(text: str) -> bool:
    return re.search(
        r"\bpg_advisory_(xact_)?lock\b|\bFOR\s+UPDATE\b|\bBEGIN\s+(IMMEDIATE|EXCLUSIVE)\b"
        r"|\bLOCK\s+TABLE\b|\bflock\b|\bacquires?\b", text, re.IGNORECASE,
    ) is not None  # fmt: skip


def try_again(case: Case) -> Named | None:
    """A buyer's choice was taken while it waited, others are free, and it was told sold out."""
    if "phantom-sold-out" not in case.anomalies or not case.is_postgres:
        return None
    for act in case.acts:
        statement = act.statement
        if statement is None or act.step.saw not in NO_ROW or act.step.action != "wake":
            continue
        why = (
            f"the row that buyer {act.buyer} waited for was taken, and no other one was looked at "
            f"({act.step.where}); look again until a SELECT finds no free row"
        )
        return Named("try-again", why, statement.text)
    return None
