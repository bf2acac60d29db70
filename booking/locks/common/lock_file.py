"""The file of a lock: made with the inventory's rights, never a link, and watched for a swap.

A lock on a file that lost its name excludes no process that comes later. So a lock asks, after it
was granted, whether its file is still the one that the name stands for. A sale remembers the file
that it began with (`pin`), and takes no other: with two files, two buyers would be let in.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from booking.errors import InventoryError
from booking.system.byte_lock import lock_byte
from booking.system.descriptors import close_quietly
from booking.system.file_attributes import FileAttributes, give, writers_of
from booking.system.file_lock import is_at, try_lock
from booking.system.runtime_folder import SERVER_LOCK

ENDING = ".lock"  # of a lock file beside an inventory
ATTEMPTS_MAX = 100
_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LockFile:
    """Base of a lock with a file: by its path, or, where it is pinned, one file and no other."""

    path: Path
    watched = True  # whether other processes may reach the file's folder

    _pinned: tuple[int, int] | None = None
    _mark: int | None = None  # the harness's own descriptor

    def pin(self) -> None:
        """Make the file, and take no other one from now on; mark it as used."""
        for _ in range(ATTEMPTS_MAX):
            self._mark = self.open_file()
            _set_rights(self._mark, self.path)
            _mark_used(self._mark)
            if is_at(self._mark, self.path):
                self._pinned = identity(self._mark)
                return
            close_quietly(self._mark)
            self._mark = None
        raise self._replaced()

    def unpin(self) -> None:
        """Take any file of that name again; remove a server's lock file that is used no more."""
        self._pinned = None
        if self._mark is not None:
            close_quietly(self._mark)
            self._mark = None
            if self.path.name.endswith(SERVER_LOCK):
                remove_unused(self.path)

    def open_file(self) -> int:
        """Open the file; make it where it is missing, with the rights of the inventory."""
        try:
            for _ in range(ATTEMPTS_MAX):
                try:
                    fd = os.open(self.path, _OPEN)
                except FileNotFoundError:
                    self._ensure_not_pinned()
                    _make(os.fspath(self.path))
                else:
                    return self._checked(fd)
        except OSError as error:
            raise self._error(error) from None
        raise self._replaced()

    def is_current(self, opened: tuple[int, int]) -> bool:
        """Return whether an open file still has the name; raise where it is another sale's."""
        try:
            facts = os.lstat(self.path)
        except OSError:
            self._ensure_not_pinned()
            return False
        there = facts.st_dev, facts.st_ino
        if self._pinned is not None and there != self._pinned:
            raise self._replaced()
        return there == opened

    def _checked(self, fd: int) -> int:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            close_quietly(fd)
            raise InventoryError(f"{self.path}: is no regular file; a lock needs one there")
        if self._pinned is not None and (facts.st_dev, facts.st_ino) != self._pinned:
            close_quietly(fd)
            raise self._replaced()
        return fd

    def _ensure_not_pinned(self) -> None:
        if self._pinned is not None:
            raise self._replaced()

    def _replaced(self) -> InventoryError:
        return InventoryError(
            f"{self.path}: another process replaced or removed this lock file, so it keeps no "
            "buyer out; nothing is sold with it"
        )

    def _error(self, error: OSError) -> InventoryError:
        is_link = self.path.is_symlink()
        problem = "is a link" if is_link else (error.strerror or str(error)).lower()
        return InventoryError(f"{self.path}: {problem}; a lock needs a file there")


def identity(fd: int) -> tuple[int, int]:
    """Return what tells an open file from every other one."""
    facts = os.fstat(fd)
    return facts.st_dev, facts.st_ino


def remove_unused(path: Path) -> bool:
    """Remove a lock file that no process uses; return whether it was removed."""
    try:
        fd = os.open(path, _OPEN)
    except OSError:
        return False
    try:
        if is_used(fd) or not is_at(fd, path):
            return False
        path.unlink()
        return True
    except OSError:
        return False
    finally:
        close_quietly(fd)


def is_used(fd: int) -> bool:
    """Return whether a process uses a lock file, or holds its lock."""
    return not (try_lock(fd) and lock_byte(fd, shared=False))


def _mark_used(fd: int) -> None:
    """Mark an open lock file as used, beside its lock and without waiting for that."""
    lock_byte(fd, shared=True)


def _make(name: str) -> None:
    """Make a lock file that has its rights before any other process can open it."""
    rights = _rights(name)
    if rights.owner == os.geteuid() and rights.mode == stat.S_IRUSR | stat.S_IWUSR:
        with suppress(FileExistsError):
            os.close(os.open(name, _OPEN | os.O_CREAT | os.O_EXCL, rights.mode))
        return
    draft = f"{name}.{token_hex(8)}"
    fd = os.open(draft, _OPEN | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    try:
        give(fd, rights)
        with suppress(FileExistsError):
            os.link(draft, name)
    finally:
        close_quietly(fd)
        os.unlink(draft)


def _set_rights(fd: int, path: Path) -> None:
    """Set the rights that the inventory has now on a lock file of ours from an earlier sale."""
    facts, rights = os.fstat(fd), _rights(os.fspath(path))
    if facts.st_uid == os.geteuid() and facts.st_nlink == 1:
        give(fd, rights)


def _rights(name: str) -> FileAttributes:
    """Return who may open a lock file: the users who may write to the inventory, and no other."""
    inventory = name.removesuffix(ENDING)
    return writers_of(inventory) if inventory != name else writers_of("")
