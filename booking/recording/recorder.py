"""The recorder: the driver that writes down what a buyer does, for about a microsecond an event."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns

from booking.core.orders import Completion
from booking.recording.event_log import (
    DONE,
    FAIL,
    HEADER,
    INFO,
    INVOKE,
    MAGIC,
    NAME,
    NAME_BYTES_MAX,
    NOTE,
    NOTHING,
    OK,
    RECORD,
    SAW,
    STEP,
)

FIRST_BYTES = 1 << 14
CLERK = (1 << 64) - 1  # the number in the logbook of one who is no buyer
_COMPLETIONS = {"ok": OK, "fail": FAIL, "info": INFO}
_pack = RECORD.pack_into
_SIZE = RECORD.size


class Recorder:
    """Write a buyer's events into its logbook; what was written survives a SIGKILL.

    An operation is stamped strictly outside the call: `invoke` before its first step,
    `complete` after its last.
    """

    def __init__(self, path: Path, buyer: int, delay: Callable[[], None] | None) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._delay = delay
        self._names = {"": NOTHING}
        self._limit = 0
        self._grow(FIRST_BYTES)
        HEADER.pack_into(self._map, 0, MAGIC, os.getpid(), os.getppid(), buyer)
        self._at = HEADER.size

    def step(self, action: str, resource: str, value: int | None) -> None:
        """Record a step that comes next."""
        names = self._names
        try:
            name, place = names[action], names[resource]
        except KeyError:
            name, place = self._name(action), self._name(resource)
        at = self._at
        if at >= self._limit:
            self._grow(2 * self._limit)
        if value is None:
            _pack(self._map, at, monotonic_ns(), 0, 0, name, place, 0, 0, STEP)
        else:
            _pack(self._map, at, monotonic_ns(), value, 0, name, place, 0, 1, STEP)
        self._at = at + _SIZE

    def saw(self, value: int | None) -> None:
        """Record what the last step gave."""
        at = self._at
        if at >= self._limit:
            self._grow(2 * self._limit)
        if value is None:
            _pack(self._map, at, monotonic_ns(), 0, 0, 0, 0, 0, 0, SAW)
        else:
            _pack(self._map, at, monotonic_ns(), value, 0, 0, 0, 0, 1, SAW)
        self._at = at + _SIZE

    def network(self) -> None:
        """Take the time that the network of this sale takes."""
        if self._delay is not None:
            self._delay()

    def invoke(self, operation: str, quantity: int = 1) -> None:
        """Record that an operation begins."""
        name = self._names.get(operation) or self._name(operation)
        at = self._at
        if at >= self._limit:
            self._grow(2 * self._limit)
        _pack(self._map, at, monotonic_ns(), 0, quantity, name, 0, 0, 0, INVOKE)
        self._at = at + _SIZE

    def complete(self, completion: Completion) -> None:
        """Record that an operation ended: `ok`, `fail` or `info`."""
        operation, value, quantity = completion.operation, completion.value, completion.quantity
        kind = _COMPLETIONS[completion.type]
        if completion.error is not None or value is None:
            self._put(kind, operation, value, quantity, completion.text or "")
            return
        name = self._names.get(operation) or self._name(operation)
        at = self._at
        if at >= self._limit:
            self._grow(2 * self._limit)
        _pack(self._map, at, monotonic_ns(), value, quantity, name, 0, 0, 1, kind)
        self._at = at + _SIZE

    def note(self, text: str) -> None:
        """Record why this buyer ends."""
        self._put(NOTE, "", None, 0, text)

    def done(self) -> None:
        """Record that this buyer came to its end as it should."""
        self._put(DONE, "", None)

    def close(self) -> None:
        """Let the file go; nothing needs to be flushed."""
        self._map.close()
        os.close(self._fd)

    def _put(
        self, kind: int, name: str, value: int | None, quantity: int = 0, error: str = ""
    ) -> None:
        names = self._names
        try:
            name_number, error_number = names[name], names[error]
        except KeyError:
            name_number, error_number = self._name(name), self._name(error)
        at = self._at
        if at >= self._limit:
            self._grow(2 * self._limit)
        has, value = (0, 0) if value is None else (1, value)
        _pack(
            self._map, at, monotonic_ns(), value, quantity, name_number, 0, error_number, has, kind
        )
        self._at = at + _SIZE

    def _name(self, name: str) -> int:
        """Give the number of a name; a new one is written down with its spelling first."""
        number = self._names.get(name)
        if number is None:
            number = self._names[name] = len(self._names)
            self._spell(number, name.encode()[:NAME_BYTES_MAX])
        return number

    def _spell(self, number: int, spelling: bytes) -> None:
        end = self._at + _SIZE + -(-len(spelling) // _SIZE) * _SIZE
        while end >= self._limit:
            self._grow(2 * self._limit)
        self._map[self._at + _SIZE : self._at + _SIZE + len(spelling)] = spelling
        _pack(self._map, self._at, 0, 0, len(spelling), number, 0, 0, 0, NAME)
        self._at = end

    def _grow(self, size: int) -> None:
        """Make room; real room, so that a full disk is an error here and no SIGBUS later."""
        os.posix_fallocate(self._fd, 0, size)
        self._map = mmap.mmap(self._fd, size)
        self._limit = size - _SIZE
