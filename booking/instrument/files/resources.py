"""What a call on files reads and writes, as resources.

A file has two sides. Its name is an entry of a folder: `open` looks it up, `os.replace` changes it.
Its content belongs to the file that a name led to when it was opened, and is named by that path.
So a reader that has the old file open and a writer that puts a new one in its place commute.

- `name PATH`: a lookup of it, or of what is below it, reads; creation, removal, renaming write.
- `names in FOLDER`: creation and removal read, so two of them commute; a listing writes.
- `content PATH`: reading, and asking for the size, read; writing and truncation write.
- `lock PATH`: a shared lock reads, an exclusive one writes.
"""

from __future__ import annotations

import os
import stat
import sysconfig
from collections.abc import Iterable
from os import fstat as _fstat
from os import readlink as _readlink
from typing import Any

from booking.instrument.seam import Touch, encodable
from booking.system.descriptors import path_of
from booking.system.system_folders import DEVICES, SHARED_MEMORY, SYSTEM_FOLDERS

LINKS_MAX = 40  # as Linux follows
SEVERAL = "content of files with several names"
UNKNOWN = Touch("?", writes=True)
MODULES = (".py", ".pyc", ".so", ".pth", ".mo")
SYSTEM = tuple(
    f"{folder}/"
    for folder in {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *SYSTEM_FOLDERS,
    }
)  # fmt: skip


def text_of(path: Any) -> str:
    """Return a path as text, as it was given."""
    if isinstance(path, (bytearray, memoryview)):
        path = bytes(path)
    return os.fsdecode(os.fspath(path))


def located(path: Any, folder_fd: int | None = None) -> str:
    """Return a path from the root; one that is relative to an open folder, too."""
    text = text_of(path)
    if folder_fd is not None and not text.startswith("/"):
        text = f"{path_of(folder_fd)}/{text}"
    return os.path.abspath(text)  # noqa: PTH100 - the path of a step, as text


def is_system(path: str) -> bool:
    """Return whether a path is a part of Python or of the system: reading it is no step."""
    if path.startswith(SHARED_MEMORY):
        return False
    return path.endswith(MODULES) or path.startswith(SYSTEM)


def cannot_be(path: str) -> bool:
    """Return whether no file has such a path: the real function refuses it."""
    try:
        return b"\0" in os.fsencode(path)
    except UnicodeEncodeError:
        return True


def is_device(path: str) -> bool:
    """Return whether writing to a path changes no file."""
    return path.startswith(DEVICES) and not path.startswith(SHARED_MEMORY)


def entry_of(path: str) -> str:
    """Return the entry that a path names, without following it: folders on the way are resolved."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118 - a path as text


def real_path(path: str) -> str:
    """Return where a path leads to."""
    return os.path.realpath(path)


def lookup(path: str, *, follow: bool = True) -> list[Touch]:
    """Return what it reads to find a path: its entry, its folder's, and links on the way."""
    entry = real_path(path) if follow else entry_of(path)
    parts = [entry, os.path.dirname(entry)]  # noqa: PTH120
    if entry != path:
        parts += _links(path)
    return [Touch(f"name {part}", writes=False) for part in parts]


def change(path: str) -> list[Touch]:
    """Return what the creation, the removal or the renaming of an entry touches."""
    entry = entry_of(path)
    folder = os.path.dirname(entry)  # noqa: PTH120
    return [
        Touch(f"name {entry}", writes=True), Touch(f"name {folder}", writes=False),
        Touch(f"names in {folder}", writes=False),
    ]  # fmt: skip


def listing(path: str) -> list[Touch]:
    """Return what a listing of a folder touches: it commutes with no creation in it."""
    return [*lookup(path), Touch(f"names in {real_path(path)}", writes=True)]


def content(path: str, *, writes: bool) -> list[Touch]:
    """Return the content of what a path leads to."""
    touches = [Touch(f"content {real_path(path)}", writes)]
    try:
        several = os.stat(path).st_nlink > 1  # noqa: PTH116
    except OSError:
        several = False
    return [*touches, Touch(SEVERAL, writes)] if several else touches


def content_of_fd(fd: int, opened: str | None, *, writes: bool) -> list[Touch]:
    """Return the content of an open file: by the path that it was opened by, and by today's."""
    return [*_of_fd("content", fd, opened, writes=writes), *_several(fd, writes=writes)]


def lock_of_fd(fd: int, opened: str | None, *, writes: bool) -> list[Touch]:
    """Return the lock of an open file."""
    return _of_fd("lock", fd, opened, writes=writes)


def _of_fd(kind: str, fd: int, opened: str | None, *, writes: bool) -> list[Touch]:
    now = path_of(fd)
    known = {path for path in (opened, now) if path and not path.endswith(" (deleted)")}
    return [Touch(f"{kind} {path}", writes) for path in sorted(known)] or [UNKNOWN]


def _several(fd: int, *, writes: bool) -> list[Touch]:
    return [Touch(SEVERAL, writes)] if _fstat(fd).st_nlink > 1 else []


def is_regular(fd: int) -> bool:
    """Return whether a descriptor is of a file."""
    try:
        return stat.S_ISREG(_fstat(fd).st_mode)
    except OSError:
        return False


def is_channel(fd: int) -> bool:
    """Return whether a descriptor is of a pipe or a socket."""
    try:
        mode = _fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def unique(touches: Iterable[Touch]) -> tuple[Touch, ...]:
    """Return each once, in order, with a name that can be sent."""
    return tuple(dict.fromkeys(Touch(encodable(one.resource), one.writes) for one in touches))


def _links(path: str) -> list[str]:
    """Return the symbolic links on the way to a file, and those that they lead to."""
    found: list[str] = []
    part = path
    while part != "/" and len(found) < LINKS_MAX:
        at = part
        while os.path.islink(at) and len(found) < LINKS_MAX:  # noqa: PTH114
            found.append(entry_of(at))
            at = os.path.join(os.path.dirname(at), _readlink(at))  # noqa: PTH115, PTH118, PTH120
        part = os.path.dirname(part)  # noqa: PTH120
    return found
