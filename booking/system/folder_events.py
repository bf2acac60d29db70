"""What the kernel reports of the files in a folder: which were read, which were written (inotify).

A file that stays open is read and written without an audit event. Only Linux reports this. It
reports two equal events in a row once. Therefore files are watched as well as the folder: what is
reported of the file itself, without a name, comes in between.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

READ, WRITE = 0x1, 0x2  # IN_ACCESS, IN_MODIFY
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC  # IN_NONBLOCK, IN_CLOEXEC
_HEAD = struct.Struct("iIII")
_CHUNK_BYTES = 1 << 16


class Seen(NamedTuple):
    """What happened to one file."""

    read: bool
    writes: int


@cache
def are_reported() -> bool:
    """Return whether this system reports anything."""
    events = FolderEvents()
    events.close()
    return events.reported


class FolderEvents:
    """The reads and writes in one folder at a time; nothing where the system reports none."""

    def __init__(self) -> None:
        self._fd = self._watch = -1
        self._folder = b""
        self._libc = ctypes.CDLL(None, use_errno=True)
        if hasattr(self._libc, "inotify_init1"):
            self._fd = self._libc.inotify_init1(_FLAGS)

        self.reported = self._fd >= 0

    @property
    def available(self) -> bool:
        """Whether the system reports anything."""
        return self._fd >= 0

    def close(self) -> None:
        """Stop."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def begin(self, folder: str) -> None:
        """Watch another folder from now on."""
        if self._fd < 0:
            return
        if self._watch >= 0:
            self._libc.inotify_rm_watch(self._fd, self._watch)
        self._folder = os.fsencode(folder)
        self._watch = self._libc.inotify_add_watch(self._fd, self._folder, READ | WRITE)
        self.take()

    def forget(self, files: Iterable[str]) -> None:
        """Forget what happened up to now; watch these files themselves from now on."""
        if self._fd < 0:
            return
        self.take()
        for name in files:
            path = self._folder + os.fsencode(name)
            self._libc.inotify_add_watch(self._fd, path, READ | WRITE)

    def take(self) -> dict[str, Seen]:
        """Return what happened to each file since the last call."""
        seen: dict[str, list[int]] = defaultdict(list)
        while data := self._data():
            at = 0
            while at < len(data):
                _, mask, _, length = _HEAD.unpack_from(data, at)
                at += _HEAD.size
                if name := data[at : at + length].rstrip(b"\0"):
                    seen[os.fsdecode(name)].append(mask & (READ | WRITE))
                at += length
        return {name: Seen(READ in all_, all_.count(WRITE)) for name, all_ in seen.items()}

    def _data(self) -> bytes:
        if self._fd < 0:
            return b""
        try:
            return os.read(self._fd, _CHUNK_BYTES)
        except BlockingIOError:
            return b""
