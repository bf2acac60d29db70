"""Write the output file of a command: all of it or nothing, and never in place of a device.

A regular file is replaced whole: a partial file is written beside it and renamed over it. A link
leads to its target. A device, a pipe or `/dev/stdout` is written to.

    ensure_output("--history", path)  # before the work: one line where it could not be written
    write_output("--history", path, lines)

Where the process is killed, its partial file stays. The next output in that folder removes it: no
process holds its lock any more.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from errno import EACCES, EISDIR, ELOOP
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from booking.errors import UsageError
from booking.system.descriptors import close_quietly
from booking.system.file_attributes import attributes_of, give
from booking.system.file_lock import is_at, remove_unlocked, try_lock
from booking.system.standard_output import reserved_fd

PARTIAL = re.compile(r"\.booking-[0-9a-f]{16}\.partial")
LINKS_MAX = 40  # as the kernel
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
STDOUT, STDERR = 1, 2
_DESCRIPTORS = re.compile(r"/proc/(self|thread-self|\d+)(/task/\d+)?/fd")


def ensure_output(option: str, path: Path) -> None:
    """Raise `UsageError` before the work where its result could not be written after it."""
    try:
        target = _target(path)
    except OSError as error:
        raise _refused(option, path, error) from None
    if isinstance(target, int):
        _ensure_continued(option, path, target)
        return
    if os.path.isdir(target):  # noqa: PTH112 - a text
        raise UsageError(f"{option} {path}: is a folder; name a file in it")
    _ensure_no_stream(option, path, target)
    folder = os.path.dirname(target) or "."  # noqa: PTH120 - a text
    if not os.path.isdir(folder):  # noqa: PTH112 - a text
        raise UsageError(f"{option} {path}: no such folder; create it or name another file")
    if os.path.exists(target) and not os.access(target, os.W_OK):  # noqa: PTH110 - a text
        raise UsageError(f"{option} {path}: cannot be written to; check its permissions")
    if _is_replaced(target) and not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(
            f"{option} {path}: its folder cannot be written to, and the file is replaced whole; "
            "check its permissions"
        )


def _ensure_continued(option: str, path: Path, number: int) -> None:
    """Raise `UsageError` for standard output, where that has the document of `--json` alone."""
    if reserved_fd() is not None and number in {STDOUT, reserved_fd()}:
        raise UsageError(
            f"{option} {path}: standard output has the document of --json, and nothing else; "
            "name a file, or leave out --json"
        )


def _ensure_no_stream(option: str, path: Path, target: str) -> None:
    """Raise `UsageError` for a file that would be replaced while what is printed goes there."""
    reserved = reserved_fd()
    streams = {STDOUT if reserved is None else reserved: "output", STDERR: "error"}
    for fd, name in streams.items():
        with suppress(OSError):
            if _is_replaced(target) and is_at(fd, target):
                raise UsageError(
                    f"{option} {path}: is the file of standard {name}; name another file"
                )


def ensure_apart(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | None]) -> None:
    """Raise `UsageError` where an output would take the place of an input, or of another output."""
    known = {_same(path): what for what, path in inputs.items() if path is not None}
    for option, path in outputs.items():
        if path is None or (path.exists() and not path.is_file()):
            continue  # a device or a pipe takes several
        other = known.setdefault(_same(path), option)
        if other != option:
            raise UsageError(f"{option} {path}: is the file of {other}; name another file")


def _same(path: Path) -> str:
    return os.path.realpath(path)


def write_output(option: str, path: Path, parts: Iterable[bytes]) -> None:
    """Write an output whole, or leave what was there and raise `UsageError`.

    A reader that closed its end of a pipe is no wrong use: that `BrokenPipeError` propagates.
    """
    try:
        write_whole(path, parts)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refused(option, path, error) from None


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file whole, or leave what was there and raise `OSError`."""
    target = _target(path)
    if isinstance(target, int):
        _write_through(os.dup(target), parts)
    elif os.path.isdir(target):  # noqa: PTH112 - a text
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), target)
    elif _is_replaced(target):
        _replace(target, parts)
    else:
        truncate = os.O_TRUNC if os.path.isfile(target) else 0  # noqa: PTH113 - a text
        flags = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC | truncate
        _write_through(os.open(target, flags), parts)


def is_replaced(path: Path) -> bool:
    """Return whether an output replaces a file: what is written twice is there once."""
    try:
        target = _target(path)
        return isinstance(target, str) and not os.path.isdir(target) and _is_replaced(target)  # noqa: PTH112 - a text
    except OSError:
        return False


def is_partial(path: Path) -> bool:
    """Return whether a file is a partial output: by its name, which no other program makes."""
    return PARTIAL.fullmatch(path.name) is not None


def sweep_partials(folder: str) -> None:
    """Remove the partial outputs of processes that were killed, where that is allowed."""
    with suppress(OSError), os.scandir(folder or ".") as entries:
        partials = [entry.path for entry in entries if PARTIAL.fullmatch(entry.name)]
        for partial in partials:
            with suppress(OSError):
                remove_unlocked(partial)


def _target(path: Path) -> str | int:
    """Follow links to the file that they name; return the number of an open descriptor of ours.

    The kernel follows no link of a stranger in a folder that all may write to
    (proc(5), protected_symlinks). Following links by hand must not do it either.
    """
    target = os.fspath(path)
    for _ in range(LINKS_MAX):
        folder, name = os.path.split(target)
        if name.isdigit() and (number := _descriptor(folder, int(name))) is not None:
            return number
        if not os.path.islink(target):  # noqa: PTH114 - a text
            return target
        _ensure_trusted(target, folder or ".")
        target = os.path.join(folder, os.readlink(target))  # noqa: PTH115, PTH118 - a text
    raise OSError(ELOOP, os.strerror(ELOOP), os.fspath(path))


def _descriptor(folder: str, number: int) -> int | None:
    """Return the number of an open descriptor of this process, where a path names one."""
    match = _DESCRIPTORS.fullmatch(os.path.realpath(folder))
    if match is None or match[1] not in {"self", "thread-self", str(os.getpid())}:
        return None
    os.fstat(number)  # raises `OSError` where it is not open
    return number


def _ensure_trusted(link: str, folder: str) -> None:
    around, facts = os.stat(folder), os.lstat(link)  # noqa: PTH116 - texts
    shared = stat.S_ISVTX | stat.S_IWOTH
    if around.st_mode & shared == shared and facts.st_uid not in {os.geteuid(), around.st_uid}:
        raise PermissionError(EACCES, "is another user's link in a shared folder", link)


def _is_replaced(target: str) -> bool:
    """Return whether a new file takes the name: not a device's, and no mount point's."""
    try:
        facts = os.stat(target)  # noqa: PTH116 - a text
    except FileNotFoundError:
        return True
    return stat.S_ISREG(facts.st_mode) and not is_mount_point(target)


def is_mount_point(path: str) -> bool:
    """Return whether a file itself is mounted, as containers do it: no rename can replace it."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:
        return False  # only Linux has the list
    name = os.path.realpath(path)
    for escaped, character in (("\\", r"\134"), (" ", r"\040"), ("\t", r"\011"), ("\n", r"\012")):
        name = name.replace(escaped, character)
    return any(name == line.split(" ", 5)[4] for line in mounts.splitlines())


def _replace(target: str, parts: Iterable[bytes]) -> None:
    """Write a partial file beside the target, and rename it over the target."""
    folder = os.path.dirname(target)  # noqa: PTH120 - a text
    sweep_partials(folder)
    there = attributes_of(target) if os.path.exists(target) else None  # noqa: PTH110 - a text
    if there is not None and not os.access(target, os.W_OK):
        raise PermissionError(EACCES, os.strerror(EACCES), target)
    partial, fd = _open_partial(folder, 0o666 if there is None else 0o600)
    try:
        if there is not None:
            give(fd, there)
        _write(fd, parts)
        os.fsync(fd)
        os.replace(partial, target)  # noqa: PTH105 - texts
    except BaseException:
        with suppress(OSError):
            os.unlink(partial)  # noqa: PTH108 - a text
        raise
    finally:
        close_quietly(fd)


def _open_partial(folder: str, mode: int) -> tuple[str, int]:
    """Create a partial file and lock it; again where a sweep came before the lock."""
    while True:
        partial = os.path.join(folder, f".booking-{token_hex(8)}.partial")  # noqa: PTH118 - a text
        fd = os.open(partial, _CREATE, mode)
        try_lock(fd)
        if is_at(fd, partial):
            return partial, fd
        close_quietly(fd)


def _write_through(fd: int, parts: Iterable[bytes]) -> None:
    if sys.stdout is not None:
        sys.stdout.flush()  # what was printed before comes first
    try:
        _write(fd, parts)
    finally:
        os.close(fd)


def _write(fd: int, parts: Iterable[bytes]) -> None:
    stream: BinaryIO = os.fdopen(fd, "wb", closefd=False)
    try:
        for part in parts:
            stream.write(part)
        stream.flush()
    finally:
        with suppress(OSError):
            stream.close()  # after an error it would write once more what it has left


def _refused(option: str, path: Path, error: OSError) -> UsageError:
    return UsageError(f"{option} {path}: {(error.strerror or str(error)).lower()}")
