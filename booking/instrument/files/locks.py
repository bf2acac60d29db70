"""`fcntl.flock` and `fcntl.lockf`: a lock is taken without waiting, and tried again when refused.

A wait for ever is a wait until another buyer has moved; where none can, the purchase hangs.
"""

from __future__ import annotations

import errno
import fcntl
import os
from functools import wraps
from typing import Any

from booking.instrument.files.bindings import Bindings
from booking.instrument.files.session import Files, ensure_not_dismissed

HELD = {errno.EAGAIN, errno.EACCES}


def install(files: Files, patches: Bindings) -> None:
    """Replace the locks of `fcntl` and of `os`."""
    patches.replace(fcntl, "flock", _flock(files, fcntl.flock))
    patches.replace(fcntl, "lockf", _lockf(files, fcntl.lockf))
    patches.replace(os, "lockf", _os_lockf(files, os.lockf))


def _is_file(file: Any) -> bool:
    return isinstance(file, int) or hasattr(file, "fileno")


def number_of(file: Any) -> int:
    """Return the descriptor of a file object, or the number that was given."""
    return file if isinstance(file, int) else int(file.fileno())


def is_held(error: Exception) -> bool:
    """Return whether an error says that another process has the lock."""
    return isinstance(error, OSError) and error.errno in HELD


def _flock(files: Files, real: Any) -> Any:
    seam = files.seam

    @wraps(real)
    def flock(file: Any, operation: int, /) -> None:
        if not seam.active or not _is_file(file):
            real(file, operation)
            return
        fd = number_of(file)
        name = files.shown(fd)
        had = files.flocks.get(fd)
        if operation & fcntl.LOCK_UN:
            if seam.dismissed:
                real(fd, operation)
            else:
                shared = had == fcntl.LOCK_SH
                touches = files.lock(fd, writes=not shared)
                files.step("unlock", f"unlock {name}", lambda: touches, lambda: real(fd, operation))
            files.flocks.pop(fd, None)
            return
        ensure_not_dismissed(seam)
        waits = not operation & fcntl.LOCK_NB
        mode = operation & (fcntl.LOCK_SH | fcntl.LOCK_EX)
        writes = mode != fcntl.LOCK_SH or had == fcntl.LOCK_EX
        try:
            files.step(
                "lock", f"flock {name}{'' if writes else ' LOCK_SH'}{'' if waits else ' LOCK_NB'}",
                lambda: files.lock(fd, writes=writes), lambda: real(fd, operation | fcntl.LOCK_NB),
                busy=lambda error: waits and is_held(error),
                partial=had is not None and had != mode,  # the old lock is gone, whatever comes
            )  # fmt: skip
        except BlockingIOError:
            if had != mode:
                files.flocks.pop(fd, None)
            if waits:
                files.hang(f"flock of {name} waits for ever")
            raise
        files.flocks[fd] = mode

    return flock


def _lockf(files: Files, real: Any) -> Any:
    seam = files.seam

    @wraps(real)
    def lockf(file: Any, command: int, *place: Any) -> Any:
        if not seam.active or not _is_file(file):
            return real(file, command, *place)
        fd = number_of(file)
        name = files.shown(fd)
        if command & fcntl.LOCK_UN:
            return _unlock_record(
                files, fd, lambda: real(fd, command, *place), whole=not any(place)
            )
        ensure_not_dismissed(seam)
        waits = not command & fcntl.LOCK_NB
        writes = not command & fcntl.LOCK_SH
        try:
            result = files.step(
                "lock", f"lockf {name}{'' if waits else ' LOCK_NB'}",
                lambda: files.lock(fd, writes=writes),
                lambda: real(fd, command | fcntl.LOCK_NB, *place),
                busy=lambda error: waits and is_held(error),
            )  # fmt: skip
        except OSError as error:
            if waits and is_held(error):
                _circle(files, name)
            raise
        files.records[fd] = files.opened.get(fd, "")
        return result

    return lockf


def _os_lockf(files: Files, real: Any) -> Any:
    seam = files.seam

    @wraps(real)
    def lockf(fd: int, command: int, length: int) -> None:
        if not seam.active:
            real(fd, command, length)
            return
        name = files.shown(fd)
        if command == os.F_ULOCK:
            _unlock_record(files, fd, lambda: real(fd, command, length), whole=length == 0)
            return
        ensure_not_dismissed(seam)
        waits = command == os.F_LOCK
        tried = os.F_TLOCK if waits else command
        try:
            files.step(
                "lock", f"os.lockf {name}", lambda: files.lock(fd),
                lambda: real(fd, tried, length), busy=lambda error: waits and is_held(error),
            )  # fmt: skip
        except OSError as error:
            if waits and is_held(error):
                _circle(files, name)
            raise
        if command != os.F_TEST:
            files.records[fd] = files.opened.get(fd, "")

    return lockf


def _unlock_record(files: Files, fd: int, effect: Any, *, whole: bool) -> Any:
    """Release a record lock, as a step."""
    if files.seam.dismissed:
        return effect()
    touches = files.lock(fd)
    result = files.step("unlock", f"unlock {files.shown(fd)}", lambda: touches, effect)
    if whole:  # else another part of the file is locked still, perhaps
        files.records.pop(fd, None)
    return result


def _circle(files: Files, name: str) -> None:
    """Doubt a wait that no other buyer ends: the kernel refuses one of a circle (EDEADLK)."""
    files.seam.doubt(f"lockf of {name} waits for ever, or the kernel refuses it: not explored")
