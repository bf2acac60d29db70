"""Copies as separate processes have them: everything anew, except what processes share.

A store, a lock and a guard travel to a buyer's process as a pickle. Here the same pickle is
unpacked within one process, so that each explored buyer has files and connections of its own.
What `multiprocessing` shares by inheritance, a semaphore for example, stays one object.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from booking.errors import UsageError

_INHERITED = "multiprocessing."


class PickledCopy:
    """Something that copies are made of."""

    def __init__(self, original: object) -> None:
        buffer = io.BytesIO()
        pickler = _Pickler(buffer)
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
        """Give a copy."""
        return _Unpickler(io.BytesIO(self._data), self._inherited).load()


class _Pickler(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO) -> None:
        super().__init__(buffer)
        self.inherited: list[object] = []

    def persistent_id(self, obj: object) -> int | None:
        if not type(obj).__module__.startswith(_INHERITED):
            return None
        self.inherited.append(obj)
        return len(self.inherited) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer: io.BytesIO, inherited: list[object]) -> None:
        super().__init__(buffer)
        self._inherited = inherited

    def persistent_load(self, pid: int) -> object:
        return self._inherited[pid]
