"""Names of files: `os.replace`, `os.mkdir`, `os.stat` and their kin are steps.

Each call is looked up in a table: what it touches, and whether it makes or removes an entry.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from booking.instrument.files.bindings import Bindings
from booking.instrument.files.resources import (
    UNKNOWN,
    cannot_be,
    change,
    content,
    entry_of,
    is_device,
    is_system,
    listing,
    located,
    lookup,
    text_of,
)
from booking.instrument.files.session import Files
from booking.instrument.files.state import SteppedState
from booking.instrument.seam import Touch

_lexists = posixpath.lexists
_isdir = posixpath.isdir
Touches = Callable[[str, bool], list[Touch]]  # of a path, and whether links are followed


def _looked_at(path: str, follow: bool) -> list[Touch]:
    return lookup(path, follow=follow)


def _state(path: str, follow: bool) -> list[Touch]:
    return lookup(path, follow=follow) + content(path, writes=False)


def _entry(path: str, _follow: bool) -> list[Touch]:
    return change(path)


def _folder(path: str, _follow: bool) -> list[Touch]:
    return [*change(path), Touch(f"names in {entry_of(path)}", writes=True)]


def _listed(path: str, _follow: bool) -> list[Touch]:
    return listing(path)


def _cut(path: str, _follow: bool) -> list[Touch]:
    return [*content(path, writes=True), *lookup(path)]


def _facts(path: str, _follow: bool) -> list[Touch]:
    return [*lookup(path), Touch(f"name {entry_of(path)}", writes=True)]


@dataclass(frozen=True)
class Call:
    """A function with one path: what it touches, and what it does to the entry."""

    touches: Touches
    writes: bool = False
    makes: bool = False
    removes: bool = False
    folder: bool = False
    follows: bool = True


CALLS = {
    "stat": Call(_state), "lstat": Call(_state, follows=False), "access": Call(_looked_at),
    "readlink": Call(_looked_at, follows=False), "listdir": Call(_listed),
    "unlink": Call(_entry, writes=True, removes=True, follows=False),
    "remove": Call(_entry, writes=True, removes=True, follows=False),
    "rmdir": Call(_folder, writes=True, removes=True, folder=True, follows=False),
    "mkdir": Call(_folder, writes=True, makes=True, folder=True, follows=False),
    "mkfifo": Call(_entry, writes=True, makes=True, follows=False),
    "mknod": Call(_entry, writes=True, makes=True, follows=False),
    "truncate": Call(_cut, writes=True), "chmod": Call(_facts, writes=True),
    "chown": Call(_facts, writes=True), "utime": Call(_facts, writes=True),
    "setxattr": Call(_facts, writes=True), "getxattr": Call(_looked_at),
    "removexattr": Call(_facts, writes=True), "listxattr": Call(_looked_at),
}  # fmt: skip
QUESTIONS = ("exists", "isfile", "isdir", "islink", "lexists", "realpath")
PATH_QUESTIONS = ("exists", "is_file", "is_dir", "is_symlink")
TIMES = ("getmtime", "getctime", "getatime")


def install(files: Files, patches: Bindings) -> None:
    """Replace the functions of `os` that take paths."""
    for name, call in CALLS.items():
        if hasattr(os, name):
            patches.replace(os, name, _of_one(files, getattr(os, name), name, call))
    for name in ("rename", "replace", "link", "symlink"):
        patches.replace(os, name, _of_two(files, getattr(os, name), name))
    patches.replace(os, "scandir", _scandir(files, os.scandir))
    for name in QUESTIONS:
        patches.replace(posixpath, name, _question(files, getattr(posixpath, name), name))
    for name in PATH_QUESTIONS:
        if name in vars(Path):
            patches.replace(Path, name, _question(files, getattr(Path, name), name))
    for name in TIMES:
        patches.replace(posixpath, name, _time(files, getattr(posixpath, name)))


def _of_one(files: Files, real: Any, name: str, call: Call) -> Any:
    seam = files.seam

    @wraps(real)
    def replaced(path: Any = ".", *more: Any, **named: Any) -> Any:
        def effect() -> Any:
            return real(path, *more, **named)

        if not seam.active:
            return effect()
        if isinstance(path, int):
            return _of_open_folder(files, name, effect)
        given = located(path, named.get("dir_fd"))
        if is_passed(files, given, writes=call.writes):
            with seam.inside():
                return effect()
        entry = entry_in(files, given)
        if seam.dismissed and call.removes and entry in files.made:
            del files.made[entry]  # a lock that is a file is given back
            return effect()
        follow = call.follows and named.get("follow_symlinks", True)
        result = files.step(
            name, f"{name} {text_of(path)}", lambda: call.touches(given, follow), effect
        )
        if call.makes:
            files.made_entry(entry, folder=call.folder)
        if call.removes:
            files.made.pop(entry, None)
        result = sorted(result) if name == "listdir" else result
        seam.learn(_told(result))
        return SteppedState(result, seam) if isinstance(result, os.stat_result) else result

    return replaced


def _of_open_folder(files: Files, name: str, effect: Any) -> Any:
    """Take a step on a descriptor, whose folder may have any name by now."""
    result = files.step(name, f"{name} of a descriptor", lambda: [UNKNOWN], effect)
    result = sorted(result) if name == "listdir" else result
    files.seam.learn(_told(result))
    return SteppedState(result, files.seam) if isinstance(result, os.stat_result) else result


def _of_two(files: Files, real: Any, name: str) -> Any:
    seam = files.seam

    @wraps(real)
    def replaced(src: Any, dst: Any, *more: Any, **named: Any) -> None:
        def effect() -> None:
            real(src, dst, *more, **named)

        if not seam.active:
            effect()
            return
        folders = named.get("src_dir_fd"), named.get("dst_dir_fd", named.get("dir_fd"))
        to = located(dst, folders[1])
        at = located(src, folders[0]) if name != "symlink" else to
        if all(is_passed(files, path, writes=True) for path in (at, to)):
            with seam.inside():
                effect()
            return
        with seam.inside():
            of_folder = name != "symlink" and _isdir(at)
        entry = entry_in(files, to)

        def touches() -> list[Touch]:
            return [UNKNOWN] if of_folder else _moved(name, at, to)

        def run() -> bool:
            there = there_is(files, to)
            effect()
            return there

        text = f"{name} {text_of(src)} → {text_of(dst)}"
        if not files.step(name, text, touches, run):
            files.made_entry(entry)
        if name in {"rename", "replace"}:
            files.made.pop(entry_in(files, at), None)

    return replaced


def _moved(name: str, at: str, to: str) -> list[Touch]:
    """Return what a second name, or another one, touches.

    The content of the file has other names behind it, so readers under the old one come before.
    """
    if name == "symlink":
        return change(to)
    contents = {f"content {entry_of(path)}" for path in (at, to) if name == "link" or path == at}
    contents |= {one.resource for one in content(at, writes=True)}
    source = lookup(at, follow=False) if name == "link" else change(at)
    return change(to) + source + [Touch(one, writes=True) for one in sorted(contents)]


def _question(files: Files, real: Any, name: str) -> Any:
    seam = files.seam

    @wraps(real)
    def replaced(path: Any, *more: Any, **named: Any) -> Any:
        def effect() -> Any:
            return real(path, *more, **named)

        if not seam.active or isinstance(path, int):
            return effect()
        try:
            given = located(path)
        except (TypeError, ValueError):
            return effect()
        if is_passed(files, given, writes=False):
            with seam.inside():
                return effect()
        result = files.step(name, f"{name} {text_of(path)}", lambda: lookup(given), effect)
        seam.learn(result)
        return result

    return replaced


def _time(files: Files, real: Any) -> Any:
    @wraps(real)
    def replaced(path: Any) -> Any:
        files.seam.doubt("looks at the time of a file: the clock decides")
        return real(path)

    return replaced


class _Entries:
    """What `os.scandir` returns: entries that were read at once."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """Close nothing: the folder was read."""


class _Entry:
    """An entry of a folder, whose state is asked for by a step of its own."""

    def __init__(self, entry: Any) -> None:
        self._entry, self.name, self.path = entry, entry.name, entry.path

    @property  # type: ignore[misc]  # what `isinstance` asks
    def __class__(self) -> Any:
        return os.DirEntry

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return repr(self._entry)

    def stat(self, *, follow_symlinks: bool = True) -> Any:
        """Ask for the state."""
        return os.stat(self.path, follow_symlinks=follow_symlinks)  # noqa: PTH116

    def __getattr__(self, name: str) -> Any:  # inode, is_file and its kin: the folder told them
        return getattr(self._entry, name)


def _scandir(files: Files, real: Any) -> Any:
    seam = files.seam

    @wraps(real)
    def replaced(path: Any = ".") -> Any:
        def effect() -> Any:
            with real(path) as entries:
                return sorted(entries, key=lambda entry: entry.name)

        if not seam.active:
            return real(path)
        given = "" if isinstance(path, int) else located(path)
        if given and is_passed(files, given, writes=False):
            return real(path)
        text = f"scandir {text_of(path)}" if given else "scandir of a descriptor"
        entries = files.step(
            "scandir", text, lambda: listing(given) if given else [UNKNOWN], effect
        )
        seam.learn([entry.name for entry in entries])
        return _Entries([_Entry(entry) for entry in entries] if given else entries)

    return replaced


def is_passed(files: Files, path: str, *, writes: bool) -> bool:
    """Return whether a call is no step: of a device, or a look at Python or at the system."""
    if is_device(path) or cannot_be(path):
        return True
    if writes and is_system(path):
        files.seam.doubt(f"changes {path}, and reading it is no step")
    return is_system(path)


def entry_in(files: Files, path: str) -> str:
    """Return the entry of a path; to find it is no step."""
    with files.seam.inside():
        return entry_of(path)


def there_is(files: Files, path: str) -> bool:
    """Return whether there is an entry; to ask is no step."""
    with files.seam.inside():
        return _lexists(path)


def _told(result: Any) -> str:
    """Return what a call told, without times and numbers that differ from run to run."""
    if not isinstance(result, os.stat_result):
        return "done" if result is None else str(result)
    if stat.S_ISREG(result.st_mode):
        return f"a file of {result.st_size} bytes, names: {result.st_nlink}"
    return f"mode {result.st_mode:o}"
