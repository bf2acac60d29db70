"""Waits inside of a private PostgreSQL: seen, held, and ended when the explorer says so.

The session of a buyer that waits for a lock is stopped with SIGSTOP. Its place in the server's
queue stays, its snapshot too. Once nothing blocks it, to let it go on (SIGCONT) is a step like any
other: otherwise the operating system would choose which of two waiters is first.

A stopped session must hold none of the server's internal locks. It has none while it sleeps in a
queue, but for the moment in which it looks for a deadlock. So it is stopped well before that
moment, or not at all, and the execution is repeated.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from booking.instrument.postgres.locks import PostgresLocks, ask, tell
from booking.instrument.seam import Touch

DEADLOCK_LOOK_S = 0.1  # `deadlock_timeout`: a session looks once, this long after its wait began
STOPPED_S = 0.8 * DEADLOCK_LOOK_S  # a session that was not stopped by then is not stopped
DEADLOCK = "DeadlockDetected: "  # as the interceptor shows the error
BLOCKERS = """
select pid, array_to_string(pg_blocking_pids(pid), ' ')
from unnest($1::int[]) pid
"""
WAITED = """
select coalesce(extract(epoch from clock_timestamp() - min(waitstart)), 0)
from pg_locks where pid = $1 and not granted
"""
SEQUENCES = """
select quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value, start_value
from pg_sequences
"""


class PostgresWaits:
    """Watches the sessions of one database."""

    def __init__(self, connection: Any, locks: PostgresLocks) -> None:
        info = connection.info
        self._where = {**info.get_parameters(), "password": info.password or None}
        self._reached = self._address(connection)
        self._locks = locks
        self._stopped: set[int] = set()
        self._observer: Any = None
        self._sequences: dict[str, tuple[str, str]] | None = None
        self.may_stop = False  # whether its processes are ours: a private server

    @staticmethod
    def _address(connection: Any) -> tuple[str, int, str]:
        info = connection.info
        return info.host, info.port, info.dbname

    def reaches(self, connection: Any) -> bool:
        """Return whether a connection is one to the database that is watched."""
        return self._reached == self._address(connection)

    @property
    def host(self) -> str:
        """The host, or the folder of the socket."""
        return self._reached[0]

    @property
    def database(self) -> str:
        """The name of the database."""
        return self._reached[2]

    def open(self) -> None:
        """Connect; behind the fork, so that no buyer inherits the connection."""
        import psycopg

        self._observer = psycopg.connect(**self._where, autocommit=True)

    def close(self) -> None:
        """Continue every session, and disconnect."""
        for session in list(self._stopped):
            self.go_on(session)
        if self._observer is not None:
            self._observer.close()
            self._observer = None

    def restore(self) -> None:
        """Put every sequence back: a rollback does not."""
        if self._observer is None:
            return
        now = {name: (last, start) for name, last, start in ask(self._observer, SEQUENCES, [])}
        before = self._sequences
        if before is None:
            self._sequences = now
            return
        for name, (last, start) in now.items():
            if (wanted := before.get(name, ("", start))[0]) != last:
                to, called = (wanted, "true") if wanted else (start, "false")
                tell(self._observer, f"select setval('{name}', {to}, {called})")

    def blockers(self, sessions: Iterable[int]) -> dict[int, frozenset[int]]:
        """Return which sessions each of these waits for."""
        wanted = "{" + ",".join(map(str, sessions)) + "}"
        rows = ask(self._observer, BLOCKERS, [wanted.encode()])
        return {int(pid): frozenset(map(int, by.split())) for pid, by in rows}

    def stop(self, session: int) -> bool:
        """Stop a session that waits; return whether it was surely before its look for a deadlock.

        Once it looks, it holds internal locks, and it may end itself: then it is not held.
        """
        start_s = time.monotonic()
        waited_s = self._waited_s(session)
        if waited_s > STOPPED_S:
            return False
        os.kill(session, signal.SIGSTOP)
        if waited_s + time.monotonic() - start_s > STOPPED_S:
            os.kill(session, signal.SIGCONT)
            return False
        self._stopped.add(session)
        return True

    def is_victim(self, told: Sequence[str]) -> bool:
        """Return whether a statement was told that it was the victim of a deadlock."""
        return any(text.startswith(DEADLOCK) for text in told)

    def _waited_s(self, session: int) -> float:
        rows = ask(self._observer, WAITED, [str(session).encode()])
        return float(rows[0][0])

    def go_on(self, session: int) -> None:
        """Continue a session."""
        self._stopped.discard(session)
        with suppress(ProcessLookupError):
            os.kill(session, signal.SIGCONT)

    def touched(self, session: int) -> frozenset[Touch]:
        """Return what the open transaction of a session has touched so far."""
        return self._locks.held(self._observer, session).touches
