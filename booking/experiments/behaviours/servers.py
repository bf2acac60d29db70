"""The servers that purchase functions use: a private one for them, and who may be reset.

`--setup` deletes rows. So only a private server may be connected to, and databases that the user
named with `--i-may-reset`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from booking.errors import UsageError
from booking.experiments.behaviours.redis_server import RedisServer
from booking.instrument.interceptor import Interceptor, ServerInterceptor
from booking.instrument.postgres.waits import DEADLOCK_LOOK_S, PostgresWaits
from booking.servers.extras import install_hint
from booking.servers.lent_postgres import lend_postgres, lent_postgres


class BehaviourServers:
    """The servers of one exploration; made before the user's modules are imported."""

    def __init__(
        self,
        servers: Sequence[str],
        may_reset: Sequence[str],
        interceptors: Sequence[Interceptor],
    ) -> None:
        self._may_reset = set(may_reset)
        self._private = lent_postgres()  # by the process that started this one
        self._waits: PostgresWaits | None = None
        self._postgres = _of_psycopg(interceptors)
        if self._postgres is not None:
            self._postgres.connecting = self._ensure_allowed
        self._redis = RedisServer(may_reset, interceptors)
        if "postgres" in servers:
            self._start_postgres()
        if "redis" in servers:
            self._redis.start()

    def _start_postgres(self) -> None:
        if self._postgres is None:
            raise UsageError(f"--with postgres: psycopg is missing; {install_hint('postgres')}")
        self._private = lend_postgres(DEADLOCK_LOOK_S)

    def allow(self, databases: Iterable[str]) -> None:
        """Allow `--setup` to reset these databases, too."""
        self._may_reset |= set(databases)

    def _ensure_allowed(self, connection: Any) -> None:
        """Refuse a connection of `--setup` and the like to a server that is not private."""
        host, database = connection.info.host, connection.info.dbname
        if host == self._private or database in self._may_reset:
            return
        connection.close()
        raise UsageError(
            f"--setup may delete rows, and database {database} on {host} is not private; give "
            f"--with postgres, or --i-may-reset {database}"
        )

    def watch(self) -> PostgresWaits | None:
        """Return what sees waits inside the server that is used, if any; behind the fork."""
        self._waits = self._postgres.waits if self._postgres is not None else None
        if self._waits is not None:
            self._waits.may_stop = self._waits.host == self._private
            self._waits.open()
        return self._waits

    def restore(self) -> None:
        """Put back what a rollback does not, before each execution."""
        if self._waits is not None:
            self._waits.restore()

    def close(self) -> None:
        """Continue every session that is held."""
        if self._waits is not None:
            self._waits.close()


def _of_psycopg(interceptors: Sequence[Interceptor]) -> ServerInterceptor | None:
    found = [one for one in interceptors if one.library == "psycopg"]
    return cast("ServerInterceptor", found[0]) if found else None
