"""`psycopg` (3): each statement, commit and rollback is a step on the relations that it locks.

SQLAlchemy and Django need nothing of their own: both call `psycopg`. Waits inside the server are
real; the harness sees and ends them (`waits`). `Connection.wait` is the tripwire: it hears
all that talks to the server in another way.
"""

from __future__ import annotations

import re
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from booking.instrument.chance import doubt_chance
from booking.instrument.patches import Patches
from booking.instrument.postgres.locks import PostgresLocks
from booking.instrument.postgres.session import OPAQUE, PostgresSession
from booking.instrument.postgres.waits import PostgresWaits
from booking.instrument.seam import Dismissed, Seam, Touch, package_of

T = TypeVar("T")
QUIET = {"begin", "start", "savepoint", "release", "set", "show", "reset", "deallocate", "discard"}
ENDS = {"commit", "end", "rollback", "abort"}
QUIET_METHODS = ("set_autocommit", "set_isolation_level", "set_read_only", "set_deferrable")
FETCHES = ("fetchone", "fetchmany", "fetchall", "__next__", "scroll")
TIME_LIMITS = re.compile(r"\b(lock|statement|transaction)_timeout\b", re.IGNORECASE)
ASYNC = "psycopg's AsyncConnection is not covered"
# What a statement may ask of the server besides tables: it depends on every other step.
SERVER_STATE = re.compile(
    r"\b(pg_(?!advisory|try_advisory|sleep|typeof|backend_pid)\w+|information_schema|txid_\w+"
    r"|current_setting|set_config|lo_\w+|to_reg\w+|dblink\w*|xmin|xmax|ctid)\b",
    re.IGNORECASE,
)
COMMENTS = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
LITERALS = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)


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
        self._hear_async(psycopg.AsyncConnection)

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
        self._patch_others(psycopg)
        for name in QUIET_METHODS:
            replace(kind, name, self._quietly(getattr(kind, name)))

    def _patch_others(self, psycopg: Any) -> None:
        """Doubt what talks to the server beside `Connection.wait`."""
        kind, others = psycopg.Connection, psycopg.AsyncConnection
        connect, wait = others.connect.__func__, others.wait

        def connected(cls: Any, *positional: Any, **named: Any) -> Any:
            self._seam.doubt(ASYNC)
            return connect(cls, *positional, **named)

        def waited(connection: Any, *positional: Any, **named: Any) -> Any:
            self._seam.doubt(ASYNC)
            return wait(connection, *positional, **named)

        self._patches.replace(kind, "pgconn", self._libpq())
        self._patches.replace(others, "connect", classmethod(connected))
        self._patches.replace(others, "wait", waited)
        for name in ("cancel", "cancel_safe"):
            for owner in (one for one in kind.__mro__ if name in vars(one)):
                self._patches.replace(owner, name, self._doubtful(vars(owner)[name]))

    def _libpq(self) -> property:
        """Return an attribute that hears of the user's code when it reaches for libpq itself."""

        def reached(connection: Any) -> Any:
            if self._seam.active and package_of(sys._getframe(1).f_code.co_filename) is None:
                self._seam.doubt("calls libpq past psycopg, and no interceptor covers that")
            return vars(connection)["pgconn"]

        def kept(connection: Any, value: Any) -> None:
            vars(connection)["pgconn"] = value

        return property(reached, kept)

    def _doubtful(self, method: Callable[..., T]) -> Callable[..., T]:
        def doubtful(*positional: Any, **named: Any) -> T:
            self._seam.doubt(f"{method.__name__} of psycopg: when it strikes is not explored")
            return method(*positional, **named)

        return doubtful

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
            try:
                return self._of(transaction.connection).end(
                    verb, lambda: leave(transaction, error, value, trace), whole=whole
                )
            except Dismissed as dismissed:
                with self._seam.inside(), suppress(Exception):  # it is rolled back already
                    leave(transaction, Dismissed, dismissed, None)
                raise

        self._patches.replace(kind, "__enter__", entered)
        self._patches.replace(kind, "__exit__", left)

    def _hear_async(self, kind: Any) -> None:
        """Doubt whatever an asynchronous connection does: it is not covered."""
        connect, wait = kind.connect.__func__, kind.wait

        async def connected(cls: Any, *positional: Any, **named: Any) -> Any:
            self._seam.doubt("psycopg.AsyncConnection is not covered")
            return await connect(cls, *positional, **named)

        async def waited(connection: Any, *positional: Any, **named: Any) -> Any:
            self._seam.doubt("psycopg.AsyncConnection is not covered")
            return await wait(connection, *positional, **named)

        self._patches.replace(kind, "connect", classmethod(connected))
        self._patches.replace(kind, "wait", waited)

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
        if verb in QUIET or not text.strip("; "):  # nothing at all: a pool asks if it is alive
            if TIME_LIMITS.search(text):
                seam.doubt("a time limit inside the server: when it strikes is not explored")
            with seam.inside():
                return effect()
        self._doubt_form(cursor.connection, text)
        doubt_chance(seam, text)
        shown = text + (f"  {values[0]!r}" if values and values[0] else "")
        opaque = verb in OPAQUE or SERVER_STATE.search(text) is not None
        result = session.statement(verb, shown, effect, key=text, opaque=opaque)
        seam.learn(_result(cursor))
        return result

    def _doubt_form(self, connection: Any, text: str) -> None:
        if ";" in LITERALS.sub("", text).strip().rstrip(";"):
            self._seam.doubt("several statements in one string: they are taken for one step")
        if _verb(text) == "copy":
            self._seam.doubt("COPY: what it does to a file of the server is not seen")
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
        for row in range(result.ntuples)
    ]
    return ", ".join(rows) or "no row"


def _value(value: bytes | None) -> str:
    return "null" if value is None else bytes(value).decode(errors="backslashreplace")
