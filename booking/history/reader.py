"""Read a history: what the readers of all formats share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from booking.errors import HistoryError
from booking.history.model import Event

UNNUMBERED = -1  # the index of a line that has none, until it is placed


class Line(Event, kw_only=True, frozen=True, omit_defaults=True, gc=False):
    """An event as other tools write it, where an error may be anything."""

    index: int
    time: int
    error: Any = None


class Unnumbered(Line, kw_only=True, frozen=True, omit_defaults=True, gc=False):
    """An event whose line's number stands in for a missing `index`."""

    index: int = UNNUMBERED


class Untimed(Line, kw_only=True, frozen=True, omit_defaults=True, gc=False):
    """An event whose line's number stands in for the time, and for the index."""

    index: int = UNNUMBERED
    time: int = 0


def shape_of(first: object) -> type[Line]:
    """Choose by the first line which fields every line must have."""
    if not isinstance(first, dict) or "time" not in first:
        return Untimed
    return Line if "index" in first else Unnumbered


class Reader(ABC):
    """One recorded history. `chunks()` may be iterated over again; each time it reads anew."""

    def __init__(self, path: Path, *, keyed: bool = False) -> None:
        self.path = path
        self.keyed = keyed
        self.notes: list[str] = []

    @abstractmethod
    def lines(self) -> Iterator[tuple[int, list[Event]]]:
        """Yield events with the line of the first; either one event a line, or one event alone."""

    def chunks(self) -> Iterator[list[Event]]:
        """Yield the events, some thousands at a time.

        Raises `HistoryError` with the line's number where an event cannot be read.
        """
        for _, events in self.lines():
            yield [_unpacked(event) for event in events] if self.keyed else events

    def line_of(self, event: Event) -> int | None:
        """Find an event's line by reading once more (only for messages)."""
        for start, events in self.lines():
            for at, candidate in enumerate(events):
                if (_unpacked(candidate) if self.keyed else candidate) == event:
                    return start + at
        return None

    def events_at(self, indexes: set[int]) -> dict[int, Event]:
        """Return the events that have these indexes as they are written; read once more."""
        found: dict[int, Event] = {}
        if indexes:
            for _, events in self.lines():
                found.update((event.index, event) for event in events if event.index in indexes)
        return found

    def refuse(self, line: int, why: str) -> NoReturn:
        """Raise an error that names the wrong line, and what is wrong with it."""
        raise HistoryError(f"{self.path}, line {line}: {why}")

    def cut_off(self, line: int) -> None:
        """Note that the history ends in the middle of a line."""
        note = f"the history is cut off in line {line}; it is judged up to there"
        if note not in self.notes:
            self.notes.append(note)


def placed(event: Line, shape: type[Line], line: int) -> Event:
    """Return the event with its line's number where an index or a time is missing."""
    if shape is Untimed:
        return msgspec.structs.replace(event, index=line, time=line)
    if shape is Unnumbered and event.index < 0:
        return msgspec.structs.replace(event, index=line)
    return event


def _unpacked(event: Event) -> Event:
    value = event.value
    if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004 - key and value
        return msgspec.structs.replace(event, key=value[0], value=value[1])
    return event
