"""`memory-shared`: one variable that all explored buyers share; processes cannot."""

from __future__ import annotations

from itertools import count
from typing import Self
from weakref import WeakValueDictionary

from booking.core.base_classes import BaseStore
from booking.core.protocols import Place
from booking.core.steps import saw, step
from booking.errors import InventoryError


class _Cell:
    """The variable itself."""

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.remaining: int | None = None
        _cells[self.number] = self


_numbers = count()
_cells: WeakValueDictionary[int, _Cell] = WeakValueDictionary()


class MemorySharedStore(BaseStore):
    """A variable in the explorer's memory: for `explore` alone, as processes cannot share one."""

    shared = True
    torn_reads = False
    explored_only = True
    resource = "memory"

    def __init__(self, place: Place) -> None:
        if place.location:
            name = "memory-shared"
            raise InventoryError(f"{name}:{place.location}: memory has no place; write {name}")
        self._cell = _Cell()

    def reset(self, tickets: int) -> None:
        """Set the variable."""
        self._cell.remaining = tickets

    def read(self) -> int:
        """Return the count."""
        step("read", self.resource)
        remaining = self._cell.remaining
        if remaining is None:
            raise InventoryError("memory-shared: holds no tickets; give --tickets N")
        saw(remaining)
        return remaining

    def write(self, remaining: int) -> None:
        """Set the variable for all explored buyers."""
        step("write", self.resource, remaining)
        self._cell.remaining = remaining

    def snapshot(self) -> int | None:
        """Return all that the buyers share."""
        return self._cell.remaining

    def __reduce__(self) -> tuple[object, ...]:
        return _with_cell, (type(self), self._cell.number)

    @classmethod
    def _of(cls, cell: _Cell) -> Self:
        store = cls.__new__(cls)
        store._cell = cell
        return store


def _with_cell(kind: type[MemorySharedStore], number: int) -> MemorySharedStore:
    """Load a pickled store; its cell exists only in the process that created it."""
    try:
        return kind._of(_cells[number])
    except KeyError:
        raise InventoryError("memory-shared: processes share no variables; use json") from None
