"""Sessions of psycopg that are made within a time limit, and whose statements have one.

The server's `statement_timeout` is of no use where the server is stopped, or its machine is gone.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Generator
from ipaddress import ip_address
from time import monotonic
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from booking.stores.common.silence import too_late_to_connect
from booking.system.time_limit import TooLateError, within


class Session(psycopg.Connection[Any]):
    """A session whose statements end within `limit_s`; one that does not is closed."""

    limit_s = 0.0

    def wait(self, gen: Any, *args: Any, **more: Any) -> Any:
        """Wait for a statement's end as psycopg does."""
        try:
            return super().wait(_limited(gen, self.limit_s), *args, **more)
        except _SilentError:
            self.pgconn.finish()  # an answer that comes later must not be taken for another's
            raise


class _SilentError(psycopg.OperationalError):
    """The server did not answer within the limit."""


def connect(dsn: str, options: str, connect_s: float, statement_s: float) -> Session:
    """Return a new session; raise `psycopg.OperationalError` where none is made in time."""

    def connected() -> Session:
        _resolve(dsn)
        session = Session.connect(
            dsn, autocommit=True, options=options, connect_timeout=int(connect_s) + 1
        )
        session.limit_s = statement_s
        return session

    try:
        return within(connect_s, connected, Session.close)
    except TooLateError:
        raise psycopg.OperationalError(too_late_to_connect(connect_s)) from None


def _limited(gen: Generator[Any, Any, Any], limit_s: float) -> Generator[Any, Any, Any]:
    """Pass a statement's generator on; psycopg sends 0 each time that nothing came for 0.1 s."""
    ends_s = 0.0
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and not ends_s:
                ends_s = monotonic() + limit_s
            elif ends_s and monotonic() > ends_s:
                raise _SilentError(f"the server did not answer within {limit_s:g} s")
            wanted = gen.send(ready)
    except StopIteration as ended:
        return ended.value


def _resolve(dsn: str) -> None:
    """Resolve the names of the hosts: libpq does so, too, and stops all threads meanwhile."""
    hosts = conninfo_to_dict(dsn).get("host") or os.environ.get("PGHOST") or ""
    for host in str(hosts).split(","):
        if host and not host.startswith(("/", "@")) and not _is_address(host):
            try:
                socket.getaddrinfo(host, None)
            except OSError:
                continue  # libpq says so in its own words


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
