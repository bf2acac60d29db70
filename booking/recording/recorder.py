"""The recorder: the driver that writes a buyer's events into its event log."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns

from booking.core.order_execution import Completion
from booking.core.seam_checks import ensure_number
from booking.recording.event_log import (
    FILE_BYTES,
    FILE_BYTES_AT,
    HEADER,
    MAGIC,
    NAME_BYTES_MAX,
    NAMES_MAX,
    NO_NAME,
    RECORD,
    TEXT,
    RecordKind,
)
from booking.system.allocation import allocate

FIRST_BYTES = 1 << 14
CLERK = (1 << 64) - 1  # the number of a clerk in the header, where a buyer has its own

# Bound once: looking up a member of an enumeration costs 0.1 us, a quarter of an event.
_STEP, _SAW, _INVOKE = int(RecordKind.STEP), int(RecordKind.SAW), int(RecordKind.INVOKE)
_COMPLETIONS = {
    "ok": int(RecordKind.OK),
    "fail": int(RecordKind.FAIL),
    "info": int(RecordKind.INFO),
}
_pack = RECORD.pack_into
_SIZE = RECORD.size


class Recorder:
    """Writes a buyer's events into its event log; what was written survives a SIGKILL.

    An operation is stamped strictly outside the call: `invoke` before its first step,
    `complete` after its last.

    `step`, `saw`, `invoke` and `complete` run at each event of a sale and are dense on purpose.
    An event costs 0.4 us. A helper for what the four repeat makes it 0.5 us. A ticket that is a
    text is spelt like a name: 1.5 us more at its first sale by a process, 0.3 us at each later one.
    """

    def __init__(self, path: Path, number: int, delay: Callable[[], None] | None) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._delay = delay
        self._names = {"": NO_NAME}
        self._limit = 0  # from this offset on, the file grows before a record is written
        self._grow(FIRST_BYTES)
        HEADER.pack_into(self._map, 0, MAGIC, os.getpid(), os.getppid(), number, FIRST_BYTES)
        self._at = HEADER.size

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Record a step that comes next."""
        names = self._names
        try:
            name, place = names[action], names[resource]
        except KeyError:
            self._make_room_for_names()
            name, place = self._name(action), self._name(resource)
        at = self._at
        if at >= self._limit:
            self._grow(2 * self._limit)
        has_value = value is not None
        try:
            _pack(self._map, at, monotonic_ns(), value or 0, 0, name, place, 0, has_value, _STEP)
        except struct.error:
            ensure_number(value, f"step({action!r}, …)")
            raise
        self._at = at + _SIZE

    def saw(self, value: int | None) -> None:
        """Record what the last step gave."""
        at = self._at
        if at >= self._limit:
            self._grow(2 * self._limit)
        try:
            _pack(self._map, at, monotonic_ns(), value or 0, 0, 0, 0, 0, value is not None, _SAW)
        except struct.error:
            ensure_number(value, "saw")
            raise
        self._at = at + _SIZE

    def network(self) -> None:
        """Wait as long as the network of this sale takes."""
        if self._delay is not None:
            self._delay()

    def invoke(self, operation: str, quantity: int = 1) -> None:
        """Record that an operation begins."""
        name = self._names.get(operation) or self._name(operation)
        at = self._at
        if at >= self._limit:
            self._grow(2 * self._limit)
        _pack(self._map, at, monotonic_ns(), 0, quantity, name, 0, 0, 0, _INVOKE)
        self._at = at + _SIZE

    def complete(self, completion: Completion) -> None:
        """Record that an operation ended: `ok`, `fail` or `info`."""
        operation, value = completion.operation, completion.value
        error = NO_NAME
        has_value: int = value is not None
        if completion.error is not None:
            text = completion.text or ""
            error = self._names.get(text) or self._new_name(text)
        if value.__class__ is str:
            error, value, has_value = self._names_of(completion)
        name = self._names.get(operation) or self._name(operation)
        kind = _COMPLETIONS[completion.type]
        at = self._at
        if at >= self._limit:
            self._grow(2 * self._limit)
        _pack(
            self._map, at, monotonic_ns(), value or 0, completion.quantity, name, 0, error,
            has_value, kind,
        )  # fmt: skip
        self._at = at + _SIZE

    def note(self, text: str) -> None:
        """Record why this process ends."""
        self._append(RecordKind.NOTE, self._name(text))

    def done(self) -> None:
        """Record that this buyer's behaviour returned."""
        self._append(RecordKind.DONE, NO_NAME)

    def close(self) -> None:
        """Close the file; nothing needs to be flushed."""
        self._map.close()
        os.close(self._fd)

    def _append(self, kind: RecordKind, error: int) -> None:
        if self._at >= self._limit:
            self._grow(2 * self._limit)
        _pack(self._map, self._at, monotonic_ns(), 0, 0, NO_NAME, NO_NAME, error, 0, kind)
        self._at += _SIZE

    def _names_of(self, completion: Completion) -> tuple[int, int, int]:
        """Return the numbers of an error and of a ticket that is a text, and that it is one."""
        self._make_room_for_names()
        error = NO_NAME if completion.error is None else self._name(completion.text or "")
        return error, self._name(str(completion.value)), TEXT

    def _new_name(self, name: str) -> int:
        self._make_room_for_names()
        return self._name(name)

    def _make_room_for_names(self) -> None:
        """Forget all names before their numbers run out; each is spelt again when it comes.

        Between two events only: a number that an event uses must not get another meaning in it.
        """
        if len(self._names) > NAMES_MAX:
            self._names = {"": NO_NAME}

    def _name(self, name: str) -> int:
        """Return the number of a name; a new name is first recorded with its spelling."""
        number = self._names.get(name)
        if number is None:
            number = self._names[name] = len(self._names)
            self._spell(number, name.encode("utf-8", "replace")[:NAME_BYTES_MAX])
        return number

    def _spell(self, number: int, spelling: bytes) -> None:
        end = self._at + _SIZE + -(-len(spelling) // _SIZE) * _SIZE
        while end >= self._limit:
            self._grow(2 * self._limit)
        self._map[self._at + _SIZE : self._at + _SIZE + len(spelling)] = spelling
        _pack(self._map, self._at, 0, 0, len(spelling), number, 0, 0, 0, RecordKind.NAME)
        self._at = end

    def _grow(self, size: int) -> None:
        """Allocate `size` bytes on disk, so that a full disk is an error here, not a SIGBUS."""
        allocate(self._fd, size)
        self._map = mmap.mmap(self._fd, size)
        FILE_BYTES.pack_into(self._map, FILE_BYTES_AT, size)
        self._limit = size - _SIZE
