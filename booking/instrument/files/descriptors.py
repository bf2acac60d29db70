"""Open descriptors: `os.open`, `os.read`, `os.write` and their kin are steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from booking.instrument.files.bindings import Bindings
from booking.instrument.files.names import is_passed
from booking.instrument.files.opening import open_step
from booking.instrument.files.resources import (
    entry_of,
    is_channel,
    is_regular,
    located,
    lookup,
    real_path,
    text_of,
)
from booking.instrument.files.session import Files, told
from booking.instrument.files.state import SteppedState
from booking.instrument.seam import Touch
from booking.system.descriptors import NAMELESS

READS = ("read", "pread", "readv", "preadv")
WRITES = ("write", "pwrite", "writev", "pwritev", "ftruncate", "posix_fallocate")
COPIES = {"sendfile": (1, 0), "copy_file_range": (0, 1), "splice": (0, 1)}  # from, to
STANDARD = 2  # standard input, output, error
BYTES = (bytes, bytearray, memoryview)


def install(files: Files, patches: Bindings) -> None:
    """Replace the functions of `os` that take descriptors."""
    patches.replace(os, "open", _open(files, os.open))
    patches.replace(os, "close", _close(files, os.close))
    patches.replace(os, "lseek", _lseek(files, os.lseek))
    patches.replace(os, "fstat", _fstat(files, os.fstat))
    for name in ("dup", "dup2"):
        patches.replace(os, name, _dup(files, getattr(os, name)))
    for names, writes in ((READS, False), (WRITES, True)):
        for name in names:
            if hasattr(os, name):
                patches.replace(os, name, _moves(files, getattr(os, name), name, writes=writes))
    for name, places in COPIES.items():
        if hasattr(os, name):
            patches.replace(os, name, _copies(files, getattr(os, name), name, places))


def _open(files: Files, real: Any) -> Any:
    seam = files.seam

    @wraps(real)
    def replaced(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        def effect() -> int:
            return int(real(path, flags, mode, dir_fd=dir_fd))

        given = located(path, dir_fd)
        if NAMELESS and flags & NAMELESS == NAMELESS:
            return _nameless(files, given, effect)
        if not seam.active:
            fd = effect()
        elif is_passed(files, given, writes=bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))):
            with seam.inside():
                return effect()
        else:
            exclusive = " O_EXCL" if flags & os.O_EXCL else ""
            text = f"os.open {text_of(path)}{exclusive}"
            fd = int(open_step(files, given, flags, text, effect))
        with seam.inside():
            files.opened[fd] = (entry_of if flags & os.O_NOFOLLOW else real_path)(given)
        return fd

    return replaced


def _nameless(files: Files, folder: str, effect: Callable[[], int]) -> int:
    """Open a file that no other process can open: a step that only looks its folder up."""
    with files.seam.inside():
        fd = effect()
    files.opened[fd] = f"{folder}/nameless file of buyer {files.seam.buyer}"
    return fd


def _close(files: Files, real: Any) -> Any:
    @wraps(real)
    def replaced(fd: int) -> None:
        try:
            files.close(fd, lambda: real(fd))
        finally:
            files.forget(fd)

    return replaced


def _dup(files: Files, real: Any) -> Any:
    """Copy what is known of a descriptor: both are of one open file, and share its lock."""

    @wraps(real)
    def replaced(fd: int, *more: Any, **named: Any) -> int:
        if more and files.seam.active and files.holds_a_lock(more[0]):
            files.seam.doubt("closes a file by dup2, which unlocks it")
        copy = int(real(fd, *more, **named))
        files.forget(copy)
        if fd in files.opened:
            files.opened[copy] = files.opened[fd]
        if fd in files.flocks:
            files.flocks[copy] = files.flocks[fd]
        return copy

    return replaced


def _is_step(files: Files, fd: Any) -> bool:
    """Return whether a call on a descriptor is a step; doubt a pipe, which others may hold."""
    if not files.seam.active or not isinstance(fd, int):
        return False
    if fd > STANDARD and is_channel(fd):
        files.seam.doubt("reads or writes a pipe or a socket: what that moves is not seen")
    return is_regular(fd)


def _moves(files: Files, real: Any, name: str, *, writes: bool) -> Any:
    seam = files.seam

    @wraps(real)
    def replaced(fd: int, *more: Any, **named: Any) -> Any:
        if not _is_step(files, fd):
            return real(fd, *more, **named)
        data = more[0] if writes and more and isinstance(more[0], BYTES) else None
        text = f"os.{name} {files.shown(fd)}" + ("" if data is None else f"  {told(data)}")
        result = files.step(
            name, text, lambda: files.content(fd, writes=writes),
            lambda: real(fd, *more, **named),
        )  # fmt: skip
        seam.learn(told(result) if isinstance(result, bytes) else str(result))
        if not isinstance(result, bytes) and not writes:
            seam.learn([told(part) for part in more[0]])
        return result

    return replaced


def _copies(files: Files, real: Any, name: str, places: tuple[int, int]) -> Any:
    seam = files.seam

    @wraps(real)
    def replaced(*given: Any, **named: Any) -> Any:
        if not seam.active or len(given) <= max(places):
            if seam.active:
                seam.doubt(f"os.{name} with names for its arguments")
            return real(*given, **named)
        source, target = (given[place] for place in places)
        for fd in (source, target):
            _is_step(files, fd)  # doubts a pipe

        def touches() -> list[Touch]:
            read = files.content(source, writes=False)
            return [*files.content(target, writes=True), *read]

        text = f"os.{name} {files.shown(source)} → {files.shown(target)}"
        result = files.step(name, text, touches, lambda: real(*given, **named))
        seam.learn(result)
        return result

    return replaced


def _lseek(files: Files, real: Any) -> Any:
    seam = files.seam

    @wraps(real)
    def replaced(fd: int, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence in {os.SEEK_SET, os.SEEK_CUR} or not _is_step(files, fd):
            return int(real(fd, offset, whence))
        at = int(files.step(
            "lseek", f"os.lseek {files.shown(fd)}", lambda: files.content(fd, writes=False),
            lambda: real(fd, offset, whence),
        ))  # fmt: skip
        seam.learn(at)
        return at

    return replaced


def _fstat(files: Files, real: Any) -> Any:
    seam = files.seam

    @wraps(real)
    def replaced(fd: int) -> Any:
        if not _is_step(files, fd):
            return real(fd)

        def touches() -> list[Touch]:
            path = files.opened.get(fd)
            names = lookup(path) if path is not None else []
            return [*files.content(fd, writes=False), *names]

        found = files.step("fstat", f"os.fstat {files.shown(fd)}", touches, lambda: real(fd))
        seam.learn(f"{found.st_size} bytes, names: {found.st_nlink}")
        return SteppedState(found, seam)

    return replaced
