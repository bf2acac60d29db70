"""Private folders for one sale: made, removed, and swept after a harness that was killed.

A folder is ours by a marker file in it. The process that made the folder holds the marker locked
as long as it lives, so a sweep sees who is dead without a look at process numbers. Those are used
again, are kept by zombies, and mean other processes in another container. A folder without our
marker is another program's, whatever its name.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from booking.errors import UsageError
from booking.system.clean_up import CleanUp
from booking.system.descriptors import close_quietly
from booking.system.file_lock import is_at, try_lock
from booking.system.signals import signals_blocked

PREFIX = "booking-"
NAME = re.compile(rf"{PREFIX}\d+-[0-9a-f]{{16}}")  # the number is for people; no code trusts it
MARKER = ".booking"
MEMORY_FOLDER = Path("/dev/shm")
SOCKET_PATH_MAX = 100  # sockaddr_un has 108 bytes, and a name follows the folder
ROUNDS_MAX = 10  # of emptying a folder that another process still writes to
_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class _Claim(NamedTuple):
    """A folder of this process, and the descriptor that holds its marker locked."""

    pid: int
    fd: int
    lasting: bool = False  # until the end of the process


_claims: dict[Path, _Claim] = {}
_swept: set[tuple[int, str]] = set()  # by process: a fork has swept nothing


@contextmanager
def scratch_folder(*, quick: bool = False) -> Iterator[Path]:
    """Make a new folder for the block, and remove it afterwards.

    `quick` puts it into memory, where the system has a file system for that. It serves
    thousands of small sales of which no byte has to last.
    """
    temporary = temporary_folder()
    for parent in places():
        _sweep_once(parent)
    in_memory = quick and os.access(MEMORY_FOLDER, os.W_OK | os.X_OK)
    with signals_blocked():  # its removal is due before a signal can come in between
        folder = claim_folder(MEMORY_FOLDER if in_memory else temporary)
        clean_up = CleanUp(partial(remove_folder, folder))
    try:
        yield folder
    finally:
        clean_up.settle()


def temporary_folder() -> Path:
    """Return the folder for temporary files; the first call makes a file in it, to try it."""
    with signals_blocked():
        return Path(tempfile.gettempdir()).absolute()


def places() -> list[Path]:
    """Return the folders in which scratch folders may lie."""
    found = [temporary_folder(), short_place(), MEMORY_FOLDER]
    return list(dict.fromkeys(place for place in found if place is not None and place.is_dir()))


def short_place() -> Path | None:
    """Return a folder whose path leaves room for a socket in a folder of ours in it, or None.

    A connection string and a server's settings name it: a comma parts the hosts in the one, and
    a line's end the lines of the other.
    """
    for parent in (str(temporary_folder()), "/tmp"):
        short = len(os.fsencode(parent)) + len(PREFIX) + 32 < SOCKET_PATH_MAX
        plain = parent.isprintable() and "," not in parent
        if short and plain and os.access(parent, os.W_OK | os.X_OK):
            return Path(parent)
    return None


def claim_folder(parent: Path) -> Path:
    """Create a folder of this process; the caller removes it, and the exit does at the latest."""
    _sweep_once(parent)
    try:
        while True:
            folder = parent / f"{PREFIX}{os.getpid()}-{token_hex(8)}"
            with signals_blocked():  # none comes between a folder and its claim
                if _made(folder):
                    return folder
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{parent}: {problem}; a sale needs a temporary folder: set TMPDIR to one"
        ) from None


def _made(folder: Path) -> bool:
    """Make a folder and claim it; return False where a sweep came before the claim."""
    folder.mkdir(0o700)
    try:
        return _claim(folder)
    except OSError:
        with suppress(OSError):
            folder.rmdir()
        raise


def _claim(folder: Path) -> bool:
    """Make the marker and lock it; return False where a sweep came before the lock."""
    marker = folder / MARKER
    try:
        fd = os.open(marker, _OPEN | os.O_CREAT | os.O_EXCL, 0o600)
    except FileNotFoundError:
        return False
    try_lock(fd)
    if not is_at(fd, marker):
        close_quietly(fd)
        return False
    _claims[folder] = _Claim(os.getpid(), fd)
    return True


def process_folder() -> Path:
    """Return a folder that lasts as long as this process; make it at the first call."""
    for folder, claim in _claims.items():
        if claim.pid == os.getpid() and claim.lasting:
            return folder
    folder = claim_folder(short_place() or temporary_folder())
    _claims[folder] = _claims[folder]._replace(lasting=True)
    return folder


def claim_of(folder: Path) -> int:
    """Return the descriptor that claims a folder; a process that inherits it claims it, too."""
    return _claims[folder].fd


def remove_folder(folder: Path) -> None:
    """Remove a folder of this process; do nothing in a process that did not make it."""
    claim = _claims.get(folder)
    if claim is None or claim.pid != os.getpid():
        return
    with suppress(OSError):
        _clear(folder)
    del _claims[folder]
    close_quietly(claim.fd)


def _remove_all() -> None:
    for folder in list(_claims):
        remove_folder(folder)


atexit.register(_remove_all)  # an interrupt may have come before a block began, or in its end


def _sweep_once(parent: Path) -> None:
    """Sweep a folder at its first use in this process."""
    key = os.getpid(), os.fspath(parent)
    if key not in _swept:
        _swept.add(key)
        sweep(parent)


def sweep(parent: Path) -> None:
    """Remove the folders of ours in `parent` of which the processes have ended."""
    for folder in scratch_folders(parent):
        with suppress(OSError):
            remove_unclaimed(folder)


def scratch_folders(parent: Path) -> list[Path]:
    """Return the folders in `parent` that may be ours, by their names and owners."""
    found = []
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if not (NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)):
                continue
            # A private server of root's gives its folder to an ordinary user.
            if os.geteuid() in {0, entry.stat(follow_symlinks=False).st_uid}:
                found.append(parent / entry.name)
    return sorted(found)


def is_claimed(folder: Path) -> bool | None:
    """Return whether a living process claims a folder; None where the folder is none of ours."""
    try:
        fd = _open_marker(folder)
    except FileNotFoundError:
        return None if any(folder.iterdir()) else False
    except OSError:
        return None
    try:
        return None if not _is_ours(fd) else not try_lock(fd)
    finally:
        close_quietly(fd)


def remove_unclaimed(folder: Path) -> bool:
    """Remove a folder of ours that no living process claims; return whether it was removed."""
    try:
        fd = _open_marker(folder)
    except FileNotFoundError:
        folder.rmdir()  # where it is empty, its maker died before it made the marker
        return True
    try:
        if not (_is_ours(fd) and try_lock(fd) and is_at(fd, folder / MARKER)):
            return False
        _clear(folder)
        return True
    finally:
        close_quietly(fd)


def _open_marker(folder: Path) -> int:
    return os.open(folder / MARKER, _OPEN)


def _is_ours(fd: int) -> bool:
    """Return whether a marker was made by us: a file of this user, with no second name."""
    facts = os.fstat(fd)
    return stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid() and facts.st_nlink == 1


def _clear(folder: Path) -> None:
    """Remove a folder; its marker last, so that one that is left half empty is still ours.

    All goes by the open folder: no link that takes its place is followed.
    """
    fd = os.open(folder, _FOLDER)
    try:
        for _ in range(ROUNDS_MAX):
            names = [name for name in os.listdir(fd) if name != MARKER]  # noqa: PTH208 - open
            if not names:
                break
            for name in names:
                _remove(name, fd)
        else:
            return
        with suppress(FileNotFoundError):
            os.unlink(MARKER, dir_fd=fd)
    finally:
        close_quietly(fd)
    folder.rmdir()


def _remove(name: str, folder_fd: int) -> None:
    facts = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    with suppress(OSError):  # rmtree does not ignore every error
        if stat.S_ISDIR(facts.st_mode):
            shutil.rmtree(name, ignore_errors=True, dir_fd=folder_fd)
        else:
            os.unlink(name, dir_fd=folder_fd)
