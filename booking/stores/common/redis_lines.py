"""Connections of redis-py that are made within a time limit, handshakes included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from booking.core.spelling import unknown
from booking.stores.common.silence import too_late_to_connect
from booking.system.time_limit import TooLateError, within

if TYPE_CHECKING:
    from redis import Redis

# What a URL may set: texts and numbers. The driver would take objects of its own by name, too.
OPTIONS = frozenset({
    "db", "username", "password", "protocol", "client_name", "max_connections",
    "socket_keepalive", "health_check_interval", "ssl_cert_reqs", "ssl_check_hostname",
    "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_min_version",
})  # fmt: skip


def ensure_options(url: str) -> None:
    """Raise `ValueError` for an option of a URL that is none of `OPTIONS`."""
    for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name not in OPTIONS:
            raise ValueError(unknown("option", name, sorted(OPTIONS)))


def limited(client: Redis, limit_s: float) -> None:
    """Have all connections of a new client made within the limit.

    The driver's own limits are for each read. A server that answers a part of each would keep a
    client for ever. One that is silent in the handshake would keep it as long as in a statement.
    """
    pool: Any = client.connection_pool
    driver_class = pool.connection_class

    class Line(driver_class):  # type: ignore[misc, valid-type]  # as the URL says: TCP, TLS or Unix
        def connect(self) -> None:
            if self._sock is None:
                _connect(self, super().connect, limit_s)

    pool.connection_class = Line


def _connect(line: Any, connect: Any, limit_s: float) -> None:
    import redis

    try:
        within(limit_s, connect, lambda _: line.disconnect())
    except TooLateError:
        raise redis.ConnectionError(too_late_to_connect(limit_s)) from None
