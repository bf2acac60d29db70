"""`psycopg` (3): each statement, commit and rollback is a step on the relations that it locks.

SQLAlchemy and Django need nothing of their own: both call `psycopg`. Waits inside the server are
real; the harness sees and ends them (`postgres_waits`). `Connection.wait` is the tripwire: it hears
all that talks to the server in another way.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from booking.instrument.patches import Patches
from booking.instrument.postgres_locks import PostgresLocks
from booking.instrument.postgres_session import OPAQUE, PostgresSession
from booking.instrument.postgres_waits import PostgresWaits
from booking.instrument.seam import Dismissed, Seam, Touch

T = TypeVar("T")
QUIET = {"begin", "start", "savepoint", "release", "set", "show", "reset", "deallocate", "discard"}
ENDS = {"commit", "end", "rollback", "abort"}
QUIET_METHODS = ("set_autocommit", "set_isolation_level", "set_read_only", "set_deferrable")
FETCHES = ("fetchone", "fetchmany", "fetchall", "__next__", "scroll")
TIME_LIMITS = re.compile(r"\b(lock|statement|transaction)_timeout\b", re.IGNORECASE)
COMMENTS = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
LITERALS = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
ROWS_SHOWN_MAX = 50


class PsycopgInterceptor:
    """Announce what connections of `psycopg` do."""

    library = "psycopg"
    covers = (
        "Connection and Cursor: execute, executemany of one row", "server-side cursors",
        "commit, rollback, close, transaction(), savepoints", "SQLAlchemy and Django on top of it",
    )  # fmt: skip

    def __init__(self) -> None:
        self.connecting: Callable[[Any], None] = lambda _: None
        self.waits: PostgresWaits | None = None
        self._locks = PostgresLocks()
        self._patches = Patches()
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self._sessions: weakref.WeakKeyDictionary[Any, PostgresSession] = (
            weakref.WeakKeyDictionary()
        )
        self._known: dict[str, frozenset[Touch]] = {}

    def install(self, seam: Seam) -> None:
        """Replace what talks to the server."""
        import psycopg

        self._seam = seam
        self._patch_connections(psycopg)
        for kind in (psycopg.Cursor, psycopg.ServerCursor):
            self._patch_cursors(kind)
        self._patch_server_cursors(psycopg.ServerCursor)
        self._patch_transactions(psycopg.Transaction)

    def remove(self) -> None:
        """Put `psycopg` back."""
        self._patches.undo()

    def disconnect(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.close()

    # What is replaced.

    def _patch_connections(self, psycopg: Any) -> None:
        kind, replace = psycopg.Connection, self._patches.replace
        connect, wait = kind.connect.__func__, kind.wait
        commit, rollback, close = kind.commit, kind.rollback, kind.close
        self._real_rollback = rollback

        def connected(cls: Any, *positional: Any, **named: Any) -> Any:
            return self._connected(lambda: connect(cls, *positional, **named))

        def waited(connection: Any, *positional: Any, **named: Any) -> Any:
            if self._seam.active:
                self._seam.doubt("psycopg talks to the server past an intercepted statement")
            return wait(connection, *positional, **named)

        def closed(connection: Any) -> None:
            if self._seam.active:
                self._leave(connection)
                self._seam.settled(connection)
            with self._seam.inside():
                close(connection)

        replace(kind, "connect", classmethod(connected))
        replace(psycopg, "connect", kind.connect)
        replace(kind, "wait", waited)
        replace(kind, "close", closed)
        replace(kind, "commit", lambda one: self._of(one).end("commit", lambda: commit(one)))
        replace(kind, "rollback", lambda one: self._of(one).end("rollback", lambda: rollback(one)))
        for name in QUIET_METHODS:
            replace(kind, name, self._quietly(getattr(kind, name)))

    def _patch_cursors(self, kind: Any) -> None:
        execute, executemany = kind.execute, kind.executemany

        def executed(cursor: Any, query: Any, *values: Any, **named: Any) -> Any:
            return self._execute(
                cursor, query, values, lambda: execute(cursor, query, *values, **named)
            )

        def executed_many(cursor: Any, query: Any, rows: Any, **named: Any) -> Any:
            rows = list(rows)
            if len(rows) > 1:
                self._seam.doubt("executemany of several rows: it is taken for one step")
            return self._execute(
                cursor, query, rows, lambda: executemany(cursor, query, rows, **named)
            )

        self._patches.replace(kind, "execute", executed)
        self._patches.replace(kind, "executemany", executed_many)

    def _patch_server_cursors(self, kind: Any) -> None:
        def fetching(name: str, method: Callable[..., T]) -> Callable[..., T]:
            def fetched(cursor: Any, *positional: Any, **named: Any) -> T:
                return self._fetch(cursor, name, lambda: method(cursor, *positional, **named))

            return fetched

        for name in FETCHES:
            self._patches.replace(kind, name, fetching(name, getattr(kind, name)))
        self._patches.replace(kind, "close", self._quietly(kind.close))

    def _patch_transactions(self, kind: Any) -> None:
        enter, leave = kind.__enter__, kind.__exit__

        def entered(transaction: Any) -> Any:
            if self._seam.active:
                self._keep(transaction.connection)
            with self._seam.inside():
                return enter(transaction)

        def left(transaction: Any, error: Any, value: Any, trace: Any) -> Any:
            whole = transaction._outer_transaction
            undone = error is not None or transaction.force_rollback
            verb = "rollback" if undone else "commit" if whole else "release"
            return self._of(transaction.connection).end(
                verb, lambda: leave(transaction, error, value, trace), whole=whole
            )

        self._patches.replace(kind, "__enter__", entered)
        self._patches.replace(kind, "__exit__", left)

    def _quietly(self, method: Callable[..., T]) -> Callable[..., T]:
        """Return a method which touches nothing that another buyer sees."""

        def quiet(*positional: Any, **named: Any) -> T:
            with self._seam.inside():
                return method(*positional, **named)

        return quiet

    # What happens instead.

    def _of(self, connection: Any) -> PostgresSession:
        session = self._sessions.get(connection)
        if session is None:
            session = PostgresSession(connection, self._seam, self._locks, self._known)
            self._sessions[connection] = session
        return session

    def _connected(self, connect: Callable[[], Any]) -> Any:
        seam = self._seam
        with seam.inside():
            connection = connect()
        if not seam.buying:
            self.connecting(connection)
            if self.waits is None:
                self.waits = PostgresWaits(connection, self._locks)
        self._open.add(connection)
        if self.waits is None or not self.waits.reaches(connection):
            seam.doubt("a PostgreSQL database that --setup did not use: waits in it are not seen")
        return connection

    def _keep(self, connection: Any) -> None:
        """Have the connection's transaction undone, where the purchase leaves it open."""
        self._seam.on_end(connection, lambda: self._leave(connection))

    def _leave(self, connection: Any) -> None:
        self._of(connection).leave(lambda: self._real_rollback(connection))

    def _execute(self, cursor: Any, query: Any, values: Any, effect: Callable[[], T]) -> T:
        seam, session = self._seam, self._of(cursor.connection)
        if not seam.active:
            return effect()
        text = _text(query, cursor)
        verb = _verb(text)
        if verb in ENDS:
            whole = " to " not in f" {text.lower()} "  # ROLLBACK TO SAVEPOINT
            return session.end(verb, effect, whole=whole, text=text)
        if seam.dismissed:
            raise Dismissed
        self._keep(cursor.connection)
        if verb in QUIET:
            if TIME_LIMITS.search(text):
                seam.doubt("a time limit inside the server: when it strikes is not explored")
            with seam.inside():
                return effect()
        self._doubt_form(cursor.connection, text)
        shown = text + (f"  {values[0]!r}" if values and values[0] else "")
        result = session.statement(verb, shown, effect, key=text, opaque=verb in OPAQUE)
        seam.learn(_result(cursor))
        return result

    def _doubt_form(self, connection: Any, text: str) -> None:
        if ";" in LITERALS.sub("", text).strip().rstrip(";"):
            self._seam.doubt("several statements in one string: they are taken for one step")
        if connection.pgconn.pipeline_status:
            self._seam.doubt("psycopg's pipeline mode is not covered")

    def _fetch(self, cursor: Any, name: str, effect: Callable[[], T]) -> T:
        """Fetch rows of a server-side cursor as a step: it reads only now."""
        if not self._seam.active:
            return effect()
        shown = f"{name.strip('_')} of cursor {cursor.name}"
        rows = self._of(cursor.connection).statement("fetch", shown, effect, key=shown)
        self._seam.learn(rows)
        return rows


def _text(query: Any, cursor: Any) -> str:
    """Return a query as one line of text, without comments."""
    if isinstance(query, bytes):
        query = query.decode(errors="replace")
    elif not isinstance(query, str):
        query = query.as_string(cursor) if hasattr(query, "as_string") else str(query)
    return " ".join(COMMENTS.sub(" ", query).split())


def _verb(text: str) -> str:
    word = re.match(r"\W*(\w+)", text)
    return word.group(1).lower() if word else ""


def _result(cursor: Any) -> str:
    """Return what a statement gave, as the server wrote it: rows, or how many were changed."""
    result = cursor.pgresult
    if result is None or not result.nfields:
        count = cursor.rowcount
        return "" if count < 0 else "1 row" if count == 1 else f"{count} rows"
    rows = [
        "|".join(_value(result.get_value(row, column)) for column in range(result.nfields))
        for row in range(min(result.ntuples, ROWS_SHOWN_MAX))
    ]
    return ", ".join(rows) or "no row"


def _value(value: bytes | None) -> str:
    return "null" if value is None else bytes(value).decode(errors="backslashreplace")
