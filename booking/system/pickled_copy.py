"""Clone by pickling, as spawn would: a copy shares only what processes share.

A store, a lock and a guard travel to a buyer's process as a pickle. Here the same pickle is
unpacked within one process, so that each explored buyer has its own files and connections.
What `multiprocessing` shares by inheritance, such as a semaphore, stays one object.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from booking.errors import UsageError

_INHERITED = "multiprocessing."  # modules whose objects a child process inherits


class PickledCopy:
    """The pickle of an object, from which copies are loaded."""

    def __init__(self, original: object, shared: frozenset[type] = frozenset()) -> None:
        """Pickle an object; an instance of a class in `shared` stays one object in all copies."""
        buffer = io.BytesIO()
        pickler = _Pickler(buffer, shared)
        try:
            pickler.dump(original)
        except (pickle.PicklingError, TypeError, AttributeError, RuntimeError) as error:
            problem = " ".join(str(error).split())
            raise UsageError(
                f"cannot travel to a buyer's process: {problem}; "
                "open files and connections lazily, in the process that uses them"
            ) from None
        self._data = buffer.getvalue()
        self._inherited = pickler.inherited

    def load(self) -> Any:
        """Return a new copy."""
        return _Unpickler(io.BytesIO(self._data), self._inherited).load()


class _Pickler(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO, shared: frozenset[type]) -> None:
        super().__init__(buffer)
        self.inherited: list[object] = []
        self._shared = shared

    def persistent_id(self, obj: object) -> int | None:
        kind = type(obj)
        if kind not in self._shared and not kind.__module__.startswith(_INHERITED):
            return None
        self.inherited.append(obj)
        return len(self.inherited) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer: io.BytesIO, inherited: list[object]) -> None:
        super().__init__(buffer)
        self._inherited = inherited

    def persistent_load(self, pid: int) -> object:
        return self._inherited[pid]
