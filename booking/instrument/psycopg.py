"""`psycopg` (3): each statement, commit and rollback is a step on the relations that it locks.

SQLAlchemy and Django need nothing of their own: both call `psycopg`. What a step touched is asked
of the server behind it (`postgres_locks`). A statement of an autocommit connection gets a
transaction of its own for that, which changes nothing: it is one anyway. Waits inside the server
are real; the harness sees them (`postgres_waits`). `Connection.wait` is the tripwire: it hears all
that talks to the server in another way.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from booking.instrument.patches import Patches
from booking.instrument.postgres_locks import (
    EVERYTHING,
    NONE_HELD,
    NOTHING,
    SNAPSHOT_LEVELS,
    UNKNOWN,
    Held,
    PostgresLocks,
    ensure_done,
    tell,
)
from booking.instrument.postgres_waits import PostgresWaits
from booking.instrument.seam import Dismissed, Seam, Touch

T = TypeVar("T")
QUIET = {"begin", "start", "savepoint", "release", "set", "show", "reset", "deallocate", "discard"}
ENDS = {"commit", "end", "rollback", "abort"}
OPAQUE = {"create", "alter", "drop", "call", "do", "vacuum", "notify", "listen", "unlisten"}
TIMEOUTS = re.compile(r"\b(lock_timeout|statement_timeout|transaction_timeout)\b", re.IGNORECASE)
_COMMENTS = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_LITERALS = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
QUIET_METHODS = (
    "set_autocommit", "set_isolation_level", "set_read_only", "set_deferrable",
)  # fmt: skip
ROWS_SHOWN_MAX = 50


class PsycopgInterceptor:
    """Announce what connections of `psycopg` do."""

    library = "psycopg"
    covers = (
        "Cursor and Connection: execute, executemany of one row", "server-side cursors",
        "commit, rollback, close, transaction(), savepoints", "SQLAlchemy and Django on top of it",
    )  # fmt: skip

    def __init__(self, connecting: Callable[[Any], None] = lambda _: None) -> None:
        self.connecting = connecting  # is told of each connection outside of a purchase
        self.waits: PostgresWaits | None = None
        self._locks = PostgresLocks()
        self._patches = Patches()
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self._held: weakref.WeakKeyDictionary[Any, Held] = weakref.WeakKeyDictionary()
        self._known: dict[str, frozenset[Touch]] = {}  # statement → what it was seen to touch

    def install(self, seam: Seam) -> None:
        """Replace what talks to the server."""
        import psycopg

        self._seam = seam
        self._idle = psycopg.pq.TransactionStatus.IDLE
        self._in_transaction = psycopg.pq.TransactionStatus.INTRANS
        self._error = psycopg.Error
        self._patch_connections(psycopg)
        for kind in (psycopg.Cursor, psycopg.ServerCursor):
            self._patch_cursors(kind)
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
        connect = kind.connect.__func__

        def connected(cls: Any, *positional: Any, **named: Any) -> Any:
            return self._connect(lambda: connect(cls, *positional, **named))

        replace(kind, "connect", classmethod(connected))
        replace(psycopg, "connect", kind.connect)
        for name in QUIET_METHODS:
            replace(kind, name, self._quietly(getattr(kind, name)))
        commit, rollback, close, wait = kind.commit, kind.rollback, kind.close, kind.wait
        self._rollback = rollback
        replace(kind, "commit", lambda one: self._end(one, "commit", lambda: commit(one)))
        replace(kind, "rollback", lambda one: self._end(one, "rollback", lambda: rollback(one)))
        replace(kind, "close", lambda one: self._close(one, lambda: close(one)))

        def waited(connection: Any, *positional: Any, **named: Any) -> Any:
            if self._seam.active:
                self._seam.doubt("psycopg talks to the server past an intercepted statement")
            return wait(connection, *positional, **named)

        replace(kind, "wait", waited)

    def _patch_cursors(self, kind: Any) -> None:
        replace, methods = self._patches.replace, vars(kind)
        execute, executemany = kind.execute, kind.executemany

        def executed(cursor: Any, query: Any, *values: Any, **named: Any) -> Any:
            return self._execute(cursor, query, values, lambda: execute(cursor, query, *values, **named))

        def executed_many(cursor: Any, query: Any, rows: Any, **named: Any) -> Any:
            rows = list(rows)
            if len(rows) > 1:
                self._seam.doubt("executemany of several rows: it is taken for one step")
            return self._execute(cursor, query, rows, lambda: executemany(cursor, query, rows, **named))

        replace(kind, "execute", executed)
        replace(kind, "executemany", executed_many)
        if "fetchone" in methods and kind.__name__ == "ServerCursor":
            for name in ("fetchone", "fetchmany", "fetchall", "__next__", "scroll"):
                replace(kind, name, self._fetching(name, methods[name]))
            replace(kind, "close", self._quietly(kind.close))

    def _patch_transactions(self, kind: Any) -> None:
        enter, leave = kind.__enter__, kind.__exit__

        def entered(transaction: Any) -> Any:
            if self._seam.active:
                self._keep(transaction.connection)
            with self._seam.inside():
                return enter(transaction)

        def left(transaction: Any, kind: Any, value: Any, trace: Any) -> Any:
            undone = kind is not None or transaction.force_rollback
            verb = "rollback" if undone else "commit"
            if not transaction._outer_transaction:  # noqa: SLF001 - nothing else tells
                if not undone:
                    verb = "release"
            return self._end(
                transaction.connection, verb, lambda: leave(transaction, kind, value, trace),
                whole=transaction._outer_transaction,  # noqa: SLF001
            )  # fmt: skip

        self._patches.replace(kind, "__enter__", entered)
        self._patches.replace(kind, "__exit__", left)

    def _quietly(self, method: Callable[..., T]) -> Callable[..., T]:
        """Return a method which touches nothing that another buyer sees."""

        def quiet(*positional: Any, **named: Any) -> T:
            with self._seam.inside():
                return method(*positional, **named)

        return quiet

    def _fetching(self, name: str, method: Callable[..., T]) -> Callable[..., T]:
        """Return a method of a server-side cursor as a step: it reads now."""

        def fetched(cursor: Any, *positional: Any, **named: Any) -> T:
            if not self._seam.active:
                return method(cursor, *positional, **named)
            rows = self._statement(
                cursor.connection, "fetch", f"{name} {cursor.name}",
                lambda: method(cursor, *positional, **named), wrap=False,
            )  # fmt: skip
            self._seam.learn(rows)
            return rows

        return fetched

    # Connections.

    def _connect(self, connect: Callable[[], Any]) -> Any:
        seam = self._seam
        with seam.inside():
            connection = connect()
        if not seam.buying:
            self.connecting(connection)
            if self.waits is None:
                self.waits = PostgresWaits(connection, self._locks)
        self._open.add(connection)
        if self.waits is not None and not self.waits.reaches(connection):
            seam.doubt("a second PostgreSQL server or database: only one is watched for waits")
        return connection

    def _close(self, connection: Any, close: Callable[[], None]) -> None:
        if self._seam.active and not connection.closed:
            self._leave(connection)
            self._seam.settled(connection)
        with self._seam.inside():
            close()

    def _keep(self, connection: Any) -> None:
        self._seam.on_end(connection, lambda: self._leave(connection))

    def _leave(self, connection: Any) -> None:
        """Roll back what a purchase leaves open: its connection ends, or goes back to a pool."""
        if connection.closed:
            return
        held = self._held.get(connection, NONE_HELD)
        if connection.info.transaction_status != self._idle:
            self._end(connection, "rollback", lambda: self._rollback(connection), left=True)
        if held.advisory:
            with self._seam.inside(), suppress(self._error):
                tell(connection, "select pg_advisory_unlock_all()")
        self._held.pop(connection, None)

    # Statements.

    def _execute(self, cursor: Any, query: Any, values: Any, effect: Callable[[], T]) -> T:
        seam, connection = self._seam, cursor.connection
        if not seam.active:
            return effect()
        text = _text(query, cursor)
        verb = _verb(text)
        if verb in ENDS:
            whole = " to " not in f" {text.lower()} "
            return self._end(connection, verb, effect, whole=whole, text=text)
        if seam.dismissed:
            raise Dismissed
        self._keep(connection)
        if verb in QUIET:
            if TIMEOUTS.search(text):
                seam.doubt("a time limit inside the server: when it strikes is not explored")
            with seam.inside():
                return effect()
        self._doubt_form(connection, text)
        given = values[0] if values else None
        shown = text + (f"  {given!r}" if given else "")
        result = self._statement(connection, verb, shown, effect, wrap=verb not in OPAQUE, key=text)
        seam.learn(_result(cursor))
        return result

    def _doubt_form(self, connection: Any, text: str) -> None:
        if ";" in _LITERALS.sub("", text).strip().rstrip(";"):
            self._seam.doubt("several statements in one string: they are taken for one step")
        if connection.pgconn.pipeline_status:
            self._seam.doubt("psycopg's pipeline mode is not covered")

    def _statement(
        self, connection: Any, verb: str, shown: str, effect: Callable[[], T], *, wrap: bool,
        key: str | None = None,
    ) -> T:  # fmt: skip
        """Carry out one statement as a step; ask the server what it touched."""
        statement = _Statement(self, connection, verb, key or shown, wrap=wrap)
        return self._seam.perform(
            verb, shown, lambda: statement.touches, lambda: statement.carry_out(effect),
            failed=_error_text, session=connection.info.backend_pid,
        )  # fmt: skip

    def _end(  # noqa: PLR0913 - what ends, and how
        self, connection: Any, verb: str, effect: Callable[[], T], *, whole: bool = True,
        text: str = "", left: bool = False,
    ) -> T:  # fmt: skip
        """End a transaction or a savepoint: a step where others can notice."""
        seam = self._seam
        if not seam.active:
            return effect()
        commits = verb in {"commit", "end", "release"}
        if seam.dismissed and commits:
            raise Dismissed
        held = self._held.get(connection, NONE_HELD)
        serializable = held.isolation == "serializable" and commits
        if whole:
            self._held[connection] = Held(held.advisory, "")
        silent = verb == "release" or not (held.writes or serializable)
        idle = connection.info.transaction_status == self._idle
        if seam.dismissed or silent or idle:
            with seam.inside():
                return effect()
        touches = held.touches | ({EVERYTHING} if serializable else set())
        shown = (text or verb.upper()) + ("  (left open by the purchase)" if left else "")
        seam.committed |= commits
        try:
            return seam.perform(
                verb, shown, lambda: tuple(sorted(touches)), effect,
                failed=_error_text, session=connection.info.backend_pid,
            )  # fmt: skip
        except self._error as error:
            seam.committed &= not (commits and error.sqlstate)  # the server said that it did not
            raise


class _Statement:
    """One statement: what it touches, as far as that is known."""

    def __init__(
        self, interceptor: PsycopgInterceptor, connection: Any, verb: str, key: str, *, wrap: bool
    ) -> None:
        self._of = interceptor
        self._connection = connection
        self._verb = verb
        self._key = key
        status = connection.info.transaction_status
        self._autocommit = connection.autocommit and status == interceptor._idle
        self._wrapped = self._autocommit and wrap
        before = interceptor._held.get(connection, NONE_HELD)
        self._before = NONE_HELD if status == interceptor._idle else before
        self._advisory = before.advisory
        known = interceptor._known.get(key, frozenset({UNKNOWN}))
        self.touches: tuple[Touch, ...] = tuple(sorted(self._before.touches | known))

    def carry_out(self, effect: Callable[[], T]) -> T:
        """Carry out the statement, in a transaction of its own where it has none."""
        if self._wrapped:
            tell(self._connection, "begin")
        try:
            result = effect()
        except BaseException:
            with suppress(Exception):  # the connection is broken: its own error matters
                if self._wrapped:
                    tell(self._connection, "rollback")
            raise
        self._look()
        if self._wrapped:
            ensure_done(self._connection, self._connection.pgconn.exec_(b"commit"))
        return result

    def _look(self) -> None:
        """Ask the server what the transaction has touched by now."""
        interceptor, connection = self._of, self._connection
        if connection.info.transaction_status != interceptor._in_transaction:
            self.touches = (UNKNOWN,)
            interceptor._seam.committed |= self._autocommit
            return
        held = interceptor._locks.held(connection)
        touches = set(held.touches) | self._advisory
        if held.isolation in SNAPSHOT_LEVELS and self._before.isolation != held.isolation:
            touches.add(EVERYTHING)  # its snapshot decides all that the transaction will read
        if self._verb in OPAQUE:
            touches.add(UNKNOWN)
        self.touches = tuple(sorted(touches)) or (NOTHING,)
        interceptor._known[self._key] = frozenset(self.touches)
        if not self._wrapped:
            interceptor._held[connection] = held
        else:
            interceptor._held[connection] = Held(held.advisory, "")
            interceptor._seam.committed |= any(touch.writes for touch in self.touches)


def _text(query: Any, cursor: Any) -> str:
    """Return a query as one line of text, without comments."""
    if isinstance(query, bytes):
        query = query.decode(errors="replace")
    elif not isinstance(query, str):
        query = query.as_string(cursor) if hasattr(query, "as_string") else str(query)
    return " ".join(_COMMENTS.sub(" ", query).split())


def _verb(text: str) -> str:
    words = re.match(r"\W*(\w+)", text)
    return words.group(1).lower() if words else ""


def _error_text(error: Exception) -> str:
    """Return an error without its details: they have process and transaction numbers."""
    diagnosis = getattr(error, "diag", None)
    message = diagnosis.message_primary if diagnosis is not None else None
    return f"{type(error).__name__}: {message or error}"


def _result(cursor: Any) -> str:
    """Return what a statement gave, as the server wrote it: rows, or how many were changed."""
    result = cursor.pgresult
    if result is None or not result.nfields:
        count = cursor.rowcount
        return "" if count < 0 else "1 row" if count == 1 else f"{count} rows"
    rows = [
        tuple(_value(result.get_value(row, column)) for column in range(result.nfields))
        for row in range(min(result.ntuples, ROWS_SHOWN_MAX))
    ]
    if not rows:
        return "no row"
    return ", ".join("|".join(row) for row in rows)


def _value(value: bytes | None) -> str:
    return "null" if value is None else bytes(value).decode(errors="backslashreplace")
