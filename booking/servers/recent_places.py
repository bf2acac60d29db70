"""Share a few databases among the many places of a process: the places used last keep theirs.

An exploration has a place for each of its thousands of executions, and needs a few at a time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class RecentPlaces(Generic[T]):
    """Which place has which of a number of databases."""

    def __init__(self, databases: Iterable[T]) -> None:
        self._free = list(databases)
        self._taken: OrderedDict[Path, T] = OrderedDict()  # the place used last comes last

    def of(self, place: Path) -> tuple[T, bool]:
        """Return the database of a place, and whether the place is new and has to empty it."""
        if place in self._taken:
            self._taken.move_to_end(place)
            return self._taken[place], False
        database = self._free.pop(0) if self._free else self._taken.popitem(last=False)[1]
        self._taken[place] = database
        return database, True
