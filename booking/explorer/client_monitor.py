"""Watch what a store sends to its database or server, and count what of it is an effect.

SQLite reports each statement of a connection. `sqlite3.connect` is wrapped for that while an
exploration runs, and an audit event tells of a connection that was made otherwise. The drivers of
PostgreSQL and Redis are Python code: what sends a command is wrapped. A driver of another kind is
not watched.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from booking.explorer.effect_count import EffectCount
from booking.explorer.sql_session import SqlSession

_PRIVATE = frozenset({"", ":memory:"})  # databases that no other connection sees
_NO_EFFECT = frozenset(
    {"PING", "HELLO", "CLIENT", "SELECT", "AUTH", "ECHO", "WATCH", "UNWATCH", "COMMAND", "QUIT"}
)  # fmt: skip


class ClientMonitor:
    """Counts the effects of statements and commands while it watches."""

    def __init__(self, count: EffectCount, where: Callable[[], str]) -> None:
        self._count = count
        self._where = where
        self._sessions: WeakKeyDictionary[Any, SqlSession] = WeakKeyDictionary()
        self._wrapped: list[tuple[Any, str, Any]] = []
        self._connecting = False

    def start(self) -> None:
        """Watch the connections of SQLite that are made from now on."""
        connect = sqlite3.connect

        def watched(*args: Any, **more: Any) -> Any:
            before, self._connecting = self._connecting, True
            try:
                connection = connect(*args, **more)
            finally:
                self._connecting = before
            if (args[0] if args else more.get("database")) not in _PRIVATE:
                session = SqlSession(snapshots=True)
                connection.set_trace_callback(lambda text: self._statement(session, text))
            return connection

        for module in (sqlite3, sqlite3.dbapi2):
            self._replace(module, "connect", watched)

    def connected(self, database: object) -> None:
        """Note a connection that an audit event tells of: was it made so that it is watched?"""
        if not self._connecting and database not in _PRIVATE:
            what = "a connection of SQLite that is not made by sqlite3.connect can't be watched"
            self._count.doubt(what, self._where())

    def watch(self) -> None:
        """Wrap the other drivers, once the store has imported them."""
        if cursor := _member("psycopg", "Cursor"):
            self._wrap(cursor, "_execute_gen", self._execute)
        if connection := _member("psycopg", "Connection"):
            self._wrap(connection, "_exec_command", self._command)
        if line := _member("redis.connection", "AbstractConnection"):
            self._wrap(line, "send_packed_command", self._send)

    def close(self) -> None:
        """Unwrap the drivers."""
        for owner, name, original in reversed(self._wrapped):
            if original is None:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
        self._wrapped.clear()

    def _wrap(self, owner: Any, name: str, note: Callable[..., None]) -> None:
        inner = getattr(owner, name, None)
        if inner is None or getattr(inner, "_noted", False):
            return

        def noted(own: Any, what: Any, *args: Any, **more: Any) -> Any:
            if self._count.segment() is not None:
                note(own, what)
            return inner(own, what, *args, **more)

        noted._noted = True  # type: ignore[attr-defined]  # a mark of ours
        self._replace(owner, name, noted)

    def _replace(self, owner: Any, name: str, new: Any) -> None:
        self._wrapped.append((owner, name, owner.__dict__.get(name)))
        setattr(owner, name, new)

    def _execute(self, cursor: Any, query: Any) -> None:
        connection = cursor.connection
        session = self._session(connection)
        if not connection.autocommit:
            self._statement(session, _text(connection._get_tx_start_command(), connection))
        self._statement(session, _text(query, connection))

    def _command(self, connection: Any, command: Any) -> None:
        self._statement(self._session(connection), _text(command, connection))

    def _session(self, connection: Any) -> SqlSession:
        return self._sessions.setdefault(connection, SqlSession(snapshots=False))

    def _statement(self, session: SqlSession, statement: str) -> None:
        segment = self._count.segment()
        if segment is not None and session.is_effect(statement, segment):
            self._count.note(" ".join(statement.split()), self._where())

    def _send(self, _line: Any, packed: Any) -> None:
        data = packed if isinstance(packed, bytes) else b"".join(map(_bytes, packed))
        queued = False
        for name in commands(data):
            if name == "MULTI":
                queued = True
            elif name == "EXEC":
                queued = False
                self._count.note("EXEC", self._where())
            elif not queued and name not in _NO_EFFECT:
                self._count.note(name, self._where())


def commands(data: bytes) -> Iterator[str]:
    """Yield the name of each command of a request of Redis."""
    at = 0
    while data[at : at + 1] == b"*":
        at, words = _number(data, at)
        for number in range(words):
            at, length = _number(data, at)
            if number == 0:
                yield data[at : at + length].decode("ascii", "replace").upper().partition(" ")[0]
            at += length + 2


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the place behind a line that begins with `*` or `$`, and the number in it."""
    end = data.index(b"\r\n", at)
    return end + 2, int(data[at + 1 : end])


def _member(module: str, name: str) -> Any:
    return getattr(sys.modules.get(module), name, None)


def _bytes(part: Any) -> bytes:
    return part.encode() if isinstance(part, str) else bytes(part)


def _text(query: Any, connection: Any) -> str:
    if hasattr(query, "as_string"):
        query = query.as_string(connection)
    return query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query)
