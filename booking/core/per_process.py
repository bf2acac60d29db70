"""Hold what belongs to one process: a connection, a descriptor, a transaction.

A store or a lock is built in the harness, travels to the buyers' processes by fork or by
pickle, and must open its own connection there. A descriptor that was inherited by a fork
shares its position and its locks with the parent, and a database connection its protocol.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar, Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Base class of a variant that owns one resource for each process.

    Implement `open_own() -> T` and, unless the resource has a `close()` that will do or needs
    none, `close_own(own)`. `own()` returns the resource of the calling process and opens it at
    first use. Pickling drops the resource; so do the attributes named in `unpicklable`. A store
    that names this class first among its bases has `connect` and `close` from it.

    An inherited resource is never used and never closed: closing would end the parent's. It is
    kept alive for the same reason, because some clients say goodbye when they are collected.
    """

    unpicklable: ClassVar[tuple[str, ...]] = ()  # more attributes of the resource; None elsewhere

    _own: T | None = None
    _own_pid: int = 0

    def open_own(self) -> T:
        """Open the resource for the calling process."""
        raise NotImplementedError  # each variant opens its own

    def close_own(self, own: T) -> None:
        """Close the resource of the calling process; `unpicklable` attributes still have values."""
        close = getattr(own, "close", None)
        if close is not None:
            close()

    def connect(self) -> None:
        """Open the resource in the calling process."""
        self.own()

    def close(self) -> None:
        """Close the resource of the calling process; a second call does nothing."""
        self.release_own()

    def own(self) -> T:
        """Return the calling process's resource; open it at the first call."""
        own = self._own
        if own is None or self._own_pid != os.getpid():
            self.disown()
            own = self._own = self.open_own()
            self._own_pid = os.getpid()
        return own

    def owns(self) -> bool:
        """Return whether the calling process has opened the resource."""
        return self._own is not None and self._own_pid == os.getpid()

    def release_own(self) -> None:
        """Close the calling process's resource; do nothing where it has none."""
        own = self._own
        if own is None or self._own_pid != os.getpid():
            self.disown()
            return
        self._own, self._own_pid = None, 0  # first: `close_own` may fail, and may close again
        try:
            self.close_own(own)
        finally:
            self.disown()

    def disown(self) -> None:
        """Forget the resource without closing it; keep an inherited one alive."""
        if self._own is not None and not self.owns():
            _inherited.append((self._own, *(getattr(self, name) for name in self.unpicklable)))
        self._own, self._own_pid = None, 0
        for name in self.unpicklable:
            setattr(self, name, None)

    def __getstate__(self) -> dict[str, Any]:
        dropped = dict.fromkeys(("_own", *self.unpicklable))
        return {**self.__dict__, **dropped, "_own_pid": 0}


_inherited: list[object] = []  # the one place that keeps what forks brought, for every variant
