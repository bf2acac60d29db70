"""The event log of one process: fixed-size records in a file that is mapped into its memory.

The page cache belongs to the kernel, so a stored record survives a SIGKILL of the process that
stored it. A record is written front to back, and its last byte, the kind, makes it valid. A
reader stops at the first record without a kind.

A log may also vanish or be cut short, by a program that clears temporary folders. So the harness
makes the file before the process starts, and its header states how large it is at least.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from booking.errors import CapacityError
from booking.history.model import Event

RECORD = struct.Struct("<qqqHHHBB")  # the fields of `Record`
HEADER = struct.Struct("<4sIIQQxxxx")  # magic, pid, parent pid, buyer, bytes of the file
FILE_BYTES = struct.Struct("<Q")  # the header's last field alone, and where it stands
FILE_BYTES_AT = 20
MAGIC = b"bkg1"
NAME_BYTES_MAX = 400
UNFINISHED_BYTES = RECORD.size * (2 + -(-NAME_BYTES_MAX // RECORD.size))
NAMES_MAX = (1 << 16) - 8  # then a process starts anew: a few more fit into the 16 bits
NO_NAME = 0  # the number of the empty name
TEXT = 2  # in `has_value`: the value is the number of a name


def create(path: Path, number: int) -> None:
    """Make the log of a process that starts later: one that is missing after that has vanished."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.write(fd, HEADER.pack(MAGIC, 0, 0, number, HEADER.size))
        os.close(fd)
    except OSError as error:
        raise CapacityError(f"no event log can be made: {error.strerror}; set TMPDIR") from None


class RecordKind(IntEnum):
    """The last byte of a record; 0 is a record that is not there yet."""

    STEP = 1
    SAW = 2  # what the step before gave
    INVOKE = 3
    OK = 4
    FAIL = 5
    INFO = 6
    NAME = 7  # the spelling of a name follows, padded to whole records
    NOTE = 8  # why the process ends
    DONE = 9  # the behaviour returned


EVENT_TYPES: dict[int, str] = {
    RecordKind.STEP: "step",
    RecordKind.INVOKE: "invoke",
    RecordKind.OK: "ok",
    RecordKind.FAIL: "fail",
    RecordKind.INFO: "info",
}


class Record(NamedTuple):
    """One record. `name`, `resource` and `error` are numbers of names that were spelt before.

    `value` is one, too, where `has_value` is TEXT. In a NAME record `quantity` is the length of
    the spelling in bytes.
    """

    time_ns: int
    value: int
    quantity: int
    name: int
    resource: int
    error: int
    has_value: int
    kind: int


class EventLogReader:
    """Reads an event log while its process still writes, and after that process has ended."""

    def __init__(self, path: Path, process: int | str) -> None:
        self.path = path
        self.process = process  # a buyer's number, or "clerk"
        self.note: str | None = None  # why the process ended, where it recorded that
        self.last_step: Event | None = None
        self.open_operation: Event | None = None  # invoked, and not completed
        self.completed = 0
        self.passed_ns = 0  # no event that is read later is older
        self.done = False  # the behaviour returned
        self._names = {NO_NAME: ""}
        self._offset = self._grown_to = HEADER.size
        self._pid = self._ppid = 0
        self._pending: Event | None = None  # a step; the record of what it saw may follow

    def poll(self) -> list[Event]:
        """Return the events that came since the last call, in order."""
        try:
            with self.path.open("rb") as file:
                if not self._pid:
                    self._read_header(file.read(HEADER.size))
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        return list(self._events(data)) if self._pid else []

    def has_grown(self) -> bool:
        """Return whether a record came since the last call, without decoding any."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._grown_to)
                kinds = file.read()[RECORD.size - 1 :: RECORD.size].rstrip(b"\0")
        except FileNotFoundError:
            return False
        self._grown_to += len(kinds) * RECORD.size
        return bool(kinds)

    def drain(self) -> list[Event]:
        """Return the last events of a process that writes no more."""
        events = self.poll()
        if self._pending is not None:
            events.append(self._pending)
            self._pending = None
        return events

    def is_whole(self) -> bool:
        """Return whether the log holds all that its process has recorded by now.

        It does not where it is missing, has lost its header, is smaller than the header states, or
        goes on behind a gap: a process that outlives a cut makes its file larger again.
        """
        if self.done:
            return True
        try:
            with self.path.open("rb") as file:
                header = file.read(HEADER.size)
                file.seek(self._offset)
                rest = file.read()
                size = os.fstat(file.fileno()).st_size
        except OSError:
            return False
        if len(header) < HEADER.size or not header.startswith(MAGIC):
            return False
        # A process that was killed may have left half a record, behind it a name of that record.
        return size >= HEADER.unpack(header)[-1] and not rest[UNFINISHED_BYTES:].strip(b"\0")

    def _read_header(self, data: bytes) -> None:
        if len(data) == HEADER.size and data.startswith(MAGIC):
            _, self._pid, self._ppid, *_ = HEADER.unpack(data)

    def _events(self, data: bytes) -> Iterator[Event]:
        at, passed_ns = 0, self.passed_ns
        while at + RECORD.size <= len(data) and data[at + RECORD.size - 1]:
            record = Record._make(RECORD.unpack_from(data, at))
            at += RECORD.size
            passed_ns = record.time_ns or passed_ns
            if record.kind in EVENT_TYPES:
                yield from self._event(record)
            elif record.kind == RecordKind.SAW:
                yield from self._complete_step(record.value if record.has_value else None)
            elif record.kind == RecordKind.NAME:
                at += self._read_name(record.name, data[at : at + record.quantity])
            elif record.kind == RecordKind.NOTE:
                self.note = self._names[record.error]
            else:
                self.done = True
        self._offset += at
        self.passed_ns = passed_ns

    def _read_name(self, number: int, spelling: bytes) -> int:
        """Keep a name; return how many bytes its spelling takes, padding included."""
        self._names[number] = spelling.decode("utf-8", "replace")
        return -(-len(spelling) // RECORD.size) * RECORD.size

    def _complete_step(self, saw: int | None) -> Iterator[Event]:
        """Yield the pending step with what it saw."""
        if self._pending is not None:
            self.last_step = _with_saw(self._pending, saw)
            yield self.last_step
            self._pending = None

    def _event(self, record: Record) -> Iterator[Event]:
        """Yield a record's event; a step only once the next record shows whether it saw a value."""
        names, value = self._names, None
        if record.has_value:
            value = names[record.value] if record.has_value == TEXT else record.value
        event = Event(
            0, self.process, EVENT_TYPES[record.kind], names[record.name], value, record.time_ns,
            error=names[record.error] or None, quantity=record.quantity or 1,
            resource=names[record.resource] or None, pid=self._pid, ppid=self._ppid,
        )  # fmt: skip
        if self._pending is not None:
            yield self._pending
        self._pending = event if record.kind == RecordKind.STEP else None
        if self._pending is not None:
            self.last_step = event
            return
        self.open_operation = event if record.kind == RecordKind.INVOKE else None
        self.completed += record.kind != RecordKind.INVOKE
        yield event


def _with_saw(step: Event, saw: int | None) -> Event:
    return Event(
        0, step.process, "step", step.f, step.value, step.time, resource=step.resource,
        saw=saw, pid=step.pid, ppid=step.ppid,
    )  # fmt: skip
