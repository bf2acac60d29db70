"""The logbook of one buyer: fixed-size records in a file that is mapped into its memory.

The page cache belongs to the kernel, so what was stored survives a SIGKILL of the process
that stored it. A record counts once its last byte, its kind, is there: records are written
front to back, and a reader stops at the first without a kind.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from booking.history.model import Event

# time_ns, value, quantity, name, resource, error, has value, kind
RECORD = struct.Struct("<qqqHHHBB")
HEADER = struct.Struct("<4sIIQxxxxxxxxxxxx")  # magic, pid, parent pid, buyer
MAGIC = b"bkg1"
NAME_BYTES_MAX = 400

STEP, SAW, INVOKE, OK, FAIL, INFO, NAME, NOTE, DONE = range(1, 10)
TYPES = {STEP: "step", INVOKE: "invoke", OK: "ok", FAIL: "fail", INFO: "info"}
NOTHING = 0  # the number of the name that is no name


class EventLogReader:
    """Read a logbook while its buyer still writes, and after that buyer is gone."""

    def __init__(self, path: Path, buyer: int | str) -> None:
        self.path = path
        self.buyer = buyer
        self.note: str | None = None  # why the buyer's own code ended, where it said so
        self.last_step: Event | None = None
        self.open_operation: Event | None = None  # invoked, and not completed
        self.completed = 0
        self.done = False  # it came to the end of its behaviour
        self._names = {NOTHING: ""}
        self._at = self._moved_to = HEADER.size
        self._pid = self._ppid = 0
        self._step: Event | None = None  # may yet be told what it saw

    def poll(self) -> list[Event]:
        """Give the events that came since the last call, in order."""
        try:
            with self.path.open("rb") as file:
                if not self._pid:
                    self._read_header(file.read(HEADER.size))
                file.seek(self._at)
                data = file.read()
        except FileNotFoundError:
            return []
        return list(self._events(data)) if self._pid else []

    def moved(self) -> bool:
        """Say whether anything came since the last call, without reading what it is."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._moved_to)
                kinds = file.read()[RECORD.size - 1 :: RECORD.size].rstrip(b"\0")
        except FileNotFoundError:
            return False
        self._moved_to += len(kinds) * RECORD.size
        return bool(kinds)

    def rest(self) -> list[Event]:
        """Give the last events of a buyer that writes no more."""
        events = self.poll()
        if self._step is not None:
            events.append(self._step)
            self._step = None
        return events

    def _read_header(self, data: bytes) -> None:
        if len(data) == HEADER.size and data.startswith(MAGIC):
            _, self._pid, self._ppid, _ = HEADER.unpack(data)

    def _events(self, data: bytes) -> Iterator[Event]:
        at = 0
        while at + RECORD.size <= len(data) and data[at + RECORD.size - 1]:
            record = RECORD.unpack_from(data, at)
            at += RECORD.size
            kind, length = record[-1], record[2]
            if kind == NAME:
                at += self._learn(record[3], data[at : at + length])
            elif kind == SAW:
                yield from self._told(record[1] if record[6] else None)
            elif kind == NOTE:
                self.note = self._names[record[5]]
            elif kind == DONE:
                self.done = True
            else:
                yield from self._event(kind, record)
        self._at += at

    def _learn(self, number: int, name: bytes) -> int:
        self._names[number] = name.decode("utf-8", "replace")
        return -(-len(name) // RECORD.size) * RECORD.size

    def _told(self, value: int | None) -> Iterator[Event]:
        """Complete the step that waits for what it saw."""
        if self._step is not None:
            self.last_step = self._stamp(self._step, value)
            yield self.last_step
            self._step = None

    def _stamp(self, step: Event, value: int | None) -> Event:
        return Event(
            0, step.process, "step", step.f, step.value, step.time, resource=step.resource,
            saw=value, pid=step.pid, ppid=step.ppid,
        )  # fmt: skip

    def _event(self, kind: int, record: tuple[int, ...]) -> Iterator[Event]:
        """Give a record as an event; a step only once it is known whether it saw something."""
        time_ns, value, quantity, name, resource, error, has_value, _ = record
        event = Event(
            0, self.buyer, TYPES[kind], self._names[name], value if has_value else None, time_ns,
            error=self._names[error] or None, quantity=quantity or 1,
            resource=self._names[resource] or None, pid=self._pid, ppid=self._ppid,
        )  # fmt: skip
        if self._step is not None:
            yield self._step
        self._step = event if kind == STEP else None
        if kind == STEP:
            self.last_step = event
            return
        self.open_operation = event if kind == INVOKE else None
        self.completed += kind != INVOKE
        yield event
