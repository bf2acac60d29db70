"""Read a history: what the readers of all formats share."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import msgspec

from booking.errors import HistoryError
from booking.history.model import FRAME, NO_CLIENTS, Event
from booking.history.source import Source

UNNUMBERED = -1  # the index of a frame's line that has none
PAIR = 2  # [key, value]


class Line(Event, kw_only=True, frozen=True, omit_defaults=True, gc=False):
    """An event as other tools write it, where an error may be anything."""

    index: int
    time: int
    error: Any = None


class Loose(msgspec.Struct, gc=False):
    """A line that may lack its time and its index; null is the same as none."""

    process: int | str
    type: str
    f: str
    index: int | None = None
    time: int | None = None
    value: Any = None
    error: Any = None
    quantity: int = 1
    resource: str | None = None
    saw: int | None = None
    pid: int | None = None
    ppid: int | None = None
    key: str | int | None = None
    intent: str | int | None = None


class Reader(ABC):
    """One recorded history. `chunks()` may be iterated over again; each time it reads anew."""

    def __init__(self, source: Source, *, keyed: bool = False) -> None:
        self.source = source
        self.name = source.name
        self.keyed = keyed
        self.notes: list[str] = []
        # Whether operations have a time and an index: as the first operation says.
        self._timed: bool | None = None
        self._numbered: bool | None = None
        self._now = 0  # the time of the line before

    @abstractmethod
    def lines(self) -> Iterator[tuple[int, list[Event]]]:
        """Yield events with the line of the first; either one event a line, or one event alone."""

    def chunks(self) -> Iterator[list[Event]]:
        """Yield the events, some thousands at a time.

        Raises `HistoryError` with the line's number where an event cannot be read.
        """
        if not self.keyed:
            for _, events in self.lines():
                yield events
            return
        keys: dict[int | str, Any] = {}  # of each process's last invocation
        for start, events in self.lines():
            unpacked = [_unpacked(event) for event in events]
            for line, event in enumerate(unpacked, start):
                if event.type == "invoke":
                    keys[event.process] = event.key
                    continue
                asked = keys.get(event.process)  # none: the check refuses the invocation
                if None not in {asked, event.key} and asked != event.key:
                    self.refuse(line, f"answers for the key {event.key!r}, asked was {asked!r}")
            yield unpacked

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
        raise HistoryError(f"{self.name}, line {line}: {why}")

    def cut_off(self, line: int) -> None:
        """Note that the history ends in the middle of a line."""
        note = f"the history is cut off in line {line}; it is judged up to there"
        if note not in self.notes:
            self.notes.append(note)

    def are_complete(self, events: Sequence[Line]) -> bool:
        """Return whether lines with times and indexes agree with the ones before."""
        if self._timed is None:
            first = next((event for event in events if not _stands_aside(event)), None)
            if first is not None:
                self._timed = self._numbered = True
        self._now = events[-1].time if events else self._now
        return self._timed is not False and self._numbered is not False

    def placed(self, line: Loose, number: int) -> Event:
        """Return a line's event; the line's number stands in for times or indexes if all lack them.

        A line of the frame, or of a nemesis, decides nothing and may lack them alone.
        """
        time, index = line.time, line.index
        if not _stands_aside(line):
            if self._timed is None:
                self._timed, self._numbered = time is not None, index is not None
            self._require_alike(number, "time", time, self._timed)
            self._require_alike(number, "index", index, self._numbered)
        if self._timed is False:
            time = number
        if self._numbered is False:
            index = number
        self._now = self._now if time is None else time
        return Line(
            index=UNNUMBERED if index is None else index, process=line.process, type=line.type,
            f=line.f, value=line.value, time=self._now, error=line.error, quantity=line.quantity,
            resource=line.resource, saw=line.saw, pid=line.pid, ppid=line.ppid, key=line.key,
            intent=line.intent,
        )  # fmt: skip

    def _require_alike(
        self, number: int, name: str, field: int | None, expected: bool | None
    ) -> None:
        if (field is not None) == expected:
            return
        if expected:
            self.refuse(number, f"there is no `{name}`, which the operations before have")
        self.refuse(number, f"there is a `{name}`, which the operations before lack")


def _stands_aside(line: Loose | Line) -> bool:
    return (line.type == "info" and line.f in FRAME) or line.process in NO_CLIENTS


def _unpacked(event: Event) -> Event:
    value = event.value
    if isinstance(value, list) and len(value) == PAIR and event.type != "step":
        return msgspec.structs.replace(event, key=key_of(value[0]), value=value[1])
    return event


def key_of(key: Any) -> str | int | None:
    """Return an inventory's key for any value of JSON; `true` is not 1."""
    if key is None or isinstance(key, str) or type(key) is int:
        return key
    return json.dumps(key, sort_keys=True, default=str)
