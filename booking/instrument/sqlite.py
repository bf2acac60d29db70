"""`sqlite3`: each statement, commit and rollback is a step on its database.

SQLite locks whole databases, so a database is the resource: two reads commute, nothing else does.
The driver's own wait for a held lock (`timeout`) is taken away. Where SQLite answers SQLITE_BUSY,
the statement is tried again behind the next step of another buyer, as the wait would; where none
can go on, the time limit strikes. A refused COMMIT has an effect: it keeps new readers out
(sqlite.org/lockingv3.html, PENDING).
"""

from __future__ import annotations

import sqlite3
import sqlite3.dbapi2
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from booking.instrument.chance import doubt_chance
from booking.instrument.seam import Dismissed, Seam, Touch, is_users

T = TypeVar("T")
READING = {"select", "explain", "values", "with"}
QUIET = {"savepoint", "release", "pragma"}
BUSY, SNAPSHOT = 5, 517  # SQLITE_BUSY; SQLITE_BUSY_SNAPSHOT is for ever
PRIMARY = 0xFF
LEGACY = -1  # sqlite3.LEGACY_TRANSACTION_CONTROL: `isolation_level` decides


class SqliteInterceptor:
    """Announce what connections of `sqlite3` do."""

    library = "sqlite3"
    covers = (
        "Connection and Cursor: execute, executemany, executescript, fetches", "commit, rollback",
        "the connection as a context manager",
    )  # fmt: skip

    def install(self, seam: Seam) -> None:
        """Replace `sqlite3.connect`: its connections announce."""
        self._real = sqlite3.connect
        self._open: weakref.WeakSet[sqlite3.Connection] = weakref.WeakSet()
        connection_class = _connection_class(seam)

        def heard(_statement: str) -> None:
            if seam.active and not seam.dismissed:
                seam.doubt("a statement of sqlite3 past the interceptor")

        def connect(database: Any, *positional: Any, **named: Any) -> sqlite3.Connection:
            if "factory" in named and named["factory"] is not sqlite3.Connection:
                seam.doubt("a connection class of its own: its statements are not announced")
                return self._real(database, *positional, **named)  # type: ignore[no-any-return]
            named["factory"] = connection_class
            if positional:
                positional = (0.0, *positional[1:])
            else:
                named["timeout"] = 0.0
            with seam.inside():
                made: Any = self._real(database, *positional, **named)
                made.resource = _resource(made)
            sqlite3.Connection.set_trace_callback(made, heard)
            self._open.add(made)
            return made  # type: ignore[no-any-return]

        sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]

    def remove(self) -> None:
        """Put `sqlite3.connect` back."""
        sqlite3.connect = sqlite3.dbapi2.connect = self._real

    def disconnect(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.close()


def _resource(connection: sqlite3.Connection) -> str:
    """Return the database as SQLite knows it: one file has one name, by a link or a URI as well."""
    name: str = sqlite3.Connection.execute(connection, "PRAGMA database_list").fetchone()[2]
    return f"sqlite {name or ':memory:'}"


def _connection_class(seam: Seam) -> type[sqlite3.Connection]:  # noqa: C901 - one method a call
    """Return a connection class whose effects are steps."""

    class SteppedConnection(sqlite3.Connection):
        resource = "sqlite"

        def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
            return super().cursor(_cursor_class(seam, factory))

        def execute(self, sql: str, *values: Any) -> Any:
            return self.cursor().execute(sql, *values)

        def executemany(self, sql: str, *values: Any) -> Any:
            return self.cursor().executemany(sql, *values)

        def executescript(self, sql: str) -> Any:
            return self.cursor().executescript(sql)

        def commit(self) -> None:
            _end(seam, self, "COMMIT", super().commit)

        def rollback(self) -> None:
            _end(seam, self, "ROLLBACK", super().rollback)

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "isolation_level" and value is None:  # which commits
                _end(seam, self, "COMMIT", super().commit)
            super().__setattr__(name, value)

        def close(self) -> None:
            seam.settled(self)
            super().close()

        def __exit__(self, kind: Any, value: Any, trace: Any) -> Any:
            if kind is None:
                self.commit()
            else:
                self.rollback()
            return False

        def set_trace_callback(self, callback: Any) -> None:
            seam.doubt("set_trace_callback of sqlite3: statements past the interceptor stay unseen")
            super().set_trace_callback(callback)

        def create_function(self, name: str, narg: int, func: Any, **named: Any) -> None:
            if not named.get("deterministic") and is_users(func):
                seam.doubt("create_function: what it does inside of a statement is not seen")
            super().create_function(name, narg, func, **named)

        def blobopen(self, *positional: Any, **named: Any) -> Any:
            seam.doubt("blobopen of sqlite3 is not announced")
            return super().blobopen(*positional, **named)

        def backup(self, *positional: Any, **named: Any) -> Any:
            seam.doubt("backup of sqlite3 is not announced")
            return super().backup(*positional, **named)

    return SteppedConnection


_cursor_classes: dict[type, type] = {}


def _cursor_class(seam: Seam, base: Any) -> Any:
    """Return a cursor class like another one, whose statements are steps."""
    if base in _cursor_classes:
        return _cursor_classes[base]

    class SteppedCursor(base):  # type: ignore[misc]
        def execute(self, sql: str, *values: Any) -> Any:
            return _run(seam, self, sql, values, lambda: base.execute(self, sql, *values))

        def executemany(self, sql: str, rows: Any) -> Any:
            rows = _listed(seam, self.connection, rows)
            return _run(seam, self, sql, (rows,), lambda: base.executemany(self, sql, rows))

        def executescript(self, sql: str) -> Any:
            _doubt_script(seam, sql)
            return _run(seam, self, sql, (), lambda: base.executescript(self, sql))

        def fetchone(self) -> Any:
            return _told(seam, base.fetchone(self))

        def fetchmany(self, *size: Any) -> Any:
            return _told(seam, base.fetchmany(self, *size))

        def fetchall(self) -> Any:
            return _told(seam, base.fetchall(self))

        def __next__(self) -> Any:
            return _told(seam, base.__next__(self))

    _cursor_classes[base] = SteppedCursor
    return SteppedCursor


def _told(seam: Seam, rows: Any) -> Any:
    """Keep rows that were fetched; a row of any factory becomes its values."""
    seam.learn(_values(rows))
    return rows


def _values(rows: Any) -> Any:
    if isinstance(rows, list):
        return [_values(row) for row in rows]
    return tuple(rows) if isinstance(rows, sqlite3.Row) else rows


def _run(seam: Seam, cursor: Any, sql: str, values: Any, effect: Callable[[], T]) -> T:
    connection = cursor.connection
    verb = sql.split(None, 1)[0].lower().rstrip(";") if sql.strip() else ""
    if not seam.active:
        return effect()
    if seam.dismissed:
        if verb == "rollback":
            return effect()
        raise Dismissed
    if verb in QUIET or (verb == "begin" and not _takes_lock(sql)) or _asks_nothing(sql):
        with seam.inside():
            return effect()
    if verb in {"commit", "end", "rollback"} and not connection.in_transaction:
        with seam.inside():
            return effect()
    if verb == "attach":
        seam.doubt("attaches a database: which one a statement touches is not seen")
    seam.on_end(connection, connection.rollback)  # a step, where others may wait for it
    doubt_chance(seam, sql)
    writes = verb not in READING or (verb == "with" and "select" not in sql.lower())
    ends = verb in {"commit", "end"}
    text = " ".join(sql.split()) + (f"  {values[0]!r}" if values else "")
    try:
        result = seam.perform(
            verb, text, lambda: (Touch(connection.resource, writes),), effect,
            busy=_is_busy, partial=ends,
        )  # fmt: skip
    except Dismissed:
        if verb == "rollback":
            return effect()
        _undo(connection)
        raise
    seam.committed |= writes and not connection.in_transaction and verb != "rollback"
    seam.learn(cursor.rowcount)
    return result


def _doubt_script(seam: Seam, sql: str) -> None:
    if ";" in sql.strip().rstrip(";"):
        seam.doubt("executescript of several statements: they are taken for one step")


def _listed(seam: Seam, connection: sqlite3.Connection, rows: Any) -> Any:
    """Return rows that a refused statement can be tried again with: an iterator is used up."""
    if not seam.active:
        return rows
    before = seam.announced
    listed = list(rows)
    if seam.announced is not before:
        seam.doubt("executemany whose rows are made by statements: those come before it here")
    if len(listed) > 1 and _commits_alone(connection):
        seam.doubt("executemany that commits each row: they are taken for one step")
    return listed


def _commits_alone(connection: sqlite3.Connection) -> bool:
    """Return whether the next statement is a transaction of its own."""
    autocommit = getattr(connection, "autocommit", LEGACY)  # Python 3.12
    legacy = autocommit == LEGACY and connection.isolation_level is None
    return (autocommit is True or legacy) and not connection.in_transaction


def _end(seam: Seam, connection: Any, what: str, effect: Callable[[], None]) -> None:
    if not seam.active or not connection.in_transaction:
        effect()
        return
    if seam.dismissed:
        _undo(connection)
        if what == "ROLLBACK":
            return
        raise Dismissed
    commits = what == "COMMIT"
    seam.committed |= commits
    try:
        seam.perform(
            what.lower(), what, lambda: (Touch(connection.resource, writes=True),), effect,
            busy=_is_busy, partial=commits,
        )  # fmt: skip
    except Dismissed:
        _undo(connection)
        if commits:
            raise
    seam.settled(connection)


def _undo(connection: sqlite3.Connection) -> None:
    """Roll back where a buyer is dismissed, so that the library above finds no open transaction.

    It would commit, or take itself to be in that transaction at the next purchase.
    """
    if connection.in_transaction:
        sqlite3.Connection.rollback(connection)


def _asks_nothing(sql: str) -> bool:
    """Return whether a pool asks if its connection is alive: no table, so no lock."""
    return sql.strip().rstrip(";").lower() == "select 1"


def _takes_lock(sql: str) -> bool:
    return any(word in sql.upper() for word in ("IMMEDIATE", "EXCLUSIVE"))


def _is_busy(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & PRIMARY == BUSY and code != SNAPSHOT
