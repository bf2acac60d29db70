"""The Redis server that purchase functions use: a private one for them, and who may be reset."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from booking.errors import UsageError
from booking.instrument.interceptor import Interceptor
from booking.instrument.redis.interceptor import RedisInterceptor
from booking.servers.extras import install_hint
from booking.servers.valkey import LOOPBACK, private_valkey_address

NAMES = ("REDIS_USERNAME", "REDIS_DB")


class RedisServer:
    """The servers that may be reached: a private one, and databases that the user named."""

    def __init__(self, may_reset: Sequence[str], interceptors: Sequence[Interceptor]) -> None:
        self._may_reset = set(may_reset)
        self._private: str | None = None
        self._clients = [one for one in interceptors if isinstance(one, RedisInterceptor)]
        for client in self._clients:
            client.connecting = self._ensure_allowed
            client.leaving = self._ensure_inside

    def start(self) -> None:
        """Start a private server, and name it to the user's code."""
        if not self._clients:
            raise UsageError(f"--with redis: redis is missing; {install_hint('redis')}")
        port, password = private_valkey_address()
        self._private = f"{LOOPBACK}:{port}"
        os.environ |= {
            "REDIS_URL": f"redis://:{password}@{self._private}/0",
            "REDIS_HOST": LOOPBACK, "REDIS_PORT": str(port), "REDIS_PASSWORD": password,
        }  # fmt: skip
        for name in NAMES:
            os.environ.pop(name, None)

    def _ensure_allowed(self, connection: Any) -> None:
        """Refuse a connection to a server that is not private, before it is made."""
        server = getattr(connection, "path", None) or f"{connection.host}:{connection.port}"
        name = f"{server}/{connection.db or 0}"
        if server == self._private or name in self._may_reset:
            return
        better = "connect to REDIS_URL" if self._private is not None else "give --with redis"
        raise UsageError(
            f"--setup may delete keys, and the Redis database {name} is not private; {better}, or "
            f"give --i-may-reset {name}"
        )

    def _ensure_inside(self, pool: Any, command: str) -> None:
        """Refuse a command that reaches other databases of a server that is not private."""
        settings = pool.connection_kwargs
        if f"{settings.get('host')}:{settings.get('port')}" != self._private:
            raise UsageError(
                f"{command} reaches every database of a Redis server that is not private; use "
                "FLUSHDB, or give --with redis"
            )
