"""Connections of redis-py that are made within a time limit, handshakes included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from booking.stores.common.silence import too_late_to_connect
from booking.system.time_limit import TooLateError, within

if TYPE_CHECKING:
    from redis import Redis


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
    except redis.RedisError:
        raise
    except Exception as error:  # of what an option of the URL says: a certificate, ciphers …
        problem = f"{type(error).__name__}: {error}"
        raise redis.ConnectionError(f"Error connecting to it: {problem}") from None
