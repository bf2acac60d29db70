"""The contract of an interceptor, and all that are installed.

Built-in interceptors stand in the table; packages add theirs through the entry-point group
`booking.interceptors`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Protocol

from booking.core.registry import load
from booking.instrument.seam import Seam

BUILT_IN = {
    "psycopg": "booking.instrument.postgres.interceptor:PsycopgInterceptor",
    "redis": "booking.instrument.redis.interceptor:RedisInterceptor",
    "valkey": "booking.instrument.redis.interceptor:ValkeyInterceptor",
    "sqlite3": "booking.instrument.sqlite:SqliteInterceptor",
    "files": "booking.instrument.files.interceptor:FilesInterceptor",
    "sleep": "booking.instrument.sleep:SleepInterceptor",
}


class Interceptor(Protocol):
    """Announces the effects of one library."""

    library: str  # its import name; nothing is installed where it is missing
    covers: tuple[str, ...]  # what of it is announced, for people

    def install(self, seam: Seam) -> None:
        """Replace what the library's users call; before the user's modules are imported."""

    def remove(self) -> None:
        """Put the library back as it was."""

    def disconnect(self) -> None:
        """Close every connection that was opened through it: a fork must inherit none."""


class ServerInterceptor(Interceptor, Protocol):
    """An interceptor of a library that talks to a server, in which statements may wait."""

    connecting: Callable[[Any], None]  # is told of each connection outside of a purchase
    waits: Any  # what sees waits inside the server; None before the first connection


def installed() -> list[Interceptor]:
    """Return an interceptor for each library that there is."""
    others = {point.name: point.value for point in entry_points(group="booking.interceptors")}
    found: list[Interceptor] = []
    for target in {**others, **BUILT_IN}.values():
        interceptor: Interceptor = load(target, "interceptor")()
        if importlib.util.find_spec(interceptor.library) is not None:
            found.append(interceptor)
    return found
