"""`memory`: a plain variable, and a copy of it in every process."""

from __future__ import annotations

from booking.core.base_classes import BaseStore
from booking.core.protocols import Place
from booking.core.steps import saw, step
from booking.errors import InventoryError


class MemoryStore(BaseStore):
    """A plain variable: every process has its own copy, so no lock helps."""

    shared = False
    torn_reads = False
    resource = "memory"

    def __init__(self, place: Place) -> None:
        if place.location:
            raise InventoryError(f"memory:{place.location}: memory has no place; write memory")
        self._remaining: int | None = None

    def reset(self, tickets: int) -> None:
        """Set this process's variable."""
        self._remaining = tickets

    def read(self) -> int:
        """Return this process's count."""
        step("read", self.resource)
        if self._remaining is None:
            raise InventoryError("memory: holds no tickets; give --tickets N")
        saw(self._remaining)
        return self._remaining

    def write(self, remaining: int) -> None:
        """Set this process's variable; no other process ever sees it."""
        step("write", self.resource, remaining)
        self._remaining = remaining
