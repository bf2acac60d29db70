"""A spare file: written in private, then atomically swapped with the inventory file.

The usual way to replace a file whole is to create a new one and rename it over the old. That costs
a file created and a file deleted for each sale: on a disk, most of what a sale costs. Here the two
files are swapped instead, in one effect (renameat2(2)). What was the inventory is the spare file
for the next sale of this process. Nothing is created and nothing deleted.

The spare file is reused only where that is safe; otherwise a new one is created:

* No process has it open or mapped. The kernel grants a write lease only then (fcntl(2),
  F_SETLEASE), and keeps readers out while it is written to. The lease does not count a page that
  is on its way to a socket by sendfile(2). A server that sends the inventory like that, as web
  servers do, may send a later one.
* It has one name, and the inventory's owner, group, mode and access list: it is no user's copy.
* The document is as long as before and fits a block: a power cut then leaves the old one or the
  new one, and no mixture.

A reader may look the name up just before the swap, and open a file that is already being written
for a later sale. Our readers check that what they read is still the inventory (`JsonFileStore`).
A foreign reader may see a count a few microseconds before it is sold.

The spare file gets all attributes of the inventory. A user may change those between the read and
the swap. Then the file that was swapped out has them, and they are carried over to the inventory at
the next write, or at the end.

Spare files of an inventory that lasts carry the name of a claim: a file that the harness holds
locked. Its buyers live no longer than the harness. So the next command sees what is left of dead
ones, and asks no process number.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from booking.core.per_process import PerProcess
from booking.stores.common.json_file import write_all
from booking.system.file_attributes import (
    FileAttributes,
    attributes_of,
    extended_of,
    give,
    may_miss,
)
from booking.system.file_lock import is_at, try_lock
from booking.system.file_swap import NOT_OFFERED, exchange

BLOCK_BYTES = 4096  # what a disk writes in one piece, or a file system in one page
# No link is followed: in a shared folder another user may have placed one at our name.
_REUSE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# The names of spare files and claims: the inventory, the claim, what it is.
CLAIMED = re.compile(r"\.(.+)\.([0-9a-f]{16})\.(\d+-[0-9a-f]{8}\.tmp|own)")
_LEASES = hasattr(fcntl, "F_SETLEASE")
_IN_USE = frozenset({errno.EAGAIN, errno.EACCES})  # it is open elsewhere; another user owns it


class SpareFile(PerProcess[str]):
    """One process's own file beside the inventory: its name, and whether it exists."""

    unpicklable = ("_exists", "_swapped")

    _exists: bool | None = None
    # What the file had that was swapped out, and what the one has that was swapped in for it.
    _swapped: tuple[FileAttributes, FileAttributes] | None = None
    _lasting = False
    _claim: str | None = None  # the name of the claim; buyers get it from their harness
    _claim_held: tuple[int, int] | None = None  # the process that made it, and its descriptor

    def __init__(self, inventory: Path, *, lasting: bool = False) -> None:
        self._inventory = str(inventory)
        self._reusable = _LEASES  # whether this file system has leases and swaps
        if lasting:
            self._lasting = True

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_claim_held", None)
        return state

    def write(self, document: bytes, wanted: FileAttributes, *, durable: bool) -> FileAttributes:
        """Write a document whole and in private; durable: on disk before this returns.

        Return the attributes that the inventory has by now: a user may have changed some.
        """
        name = self.own()
        made = wanted
        if not (self._exists and self._reusable and self._rewrite(name, document, wanted, durable)):
            if self._exists:
                wanted = self._carry_over(name) or wanted
                with suppress(FileNotFoundError):
                    os.unlink(name)  # a process that has it open goes on reading it
            made = self._write_new(name, document, wanted, durable)
        if self._lasting:
            self._swapped = wanted, made
        return wanted

    def rehearse(self, wanted: FileAttributes) -> None:
        """Raise `OSError` where a file like the inventory could not be made; leave none."""
        name = self.own()
        if not self._exists:
            self._write_new(name, b"", wanted, durable=False)
            self._exists = False
            os.unlink(name)

    def swap(self) -> None:
        """Atomically swap it with the inventory; without renameat2(2), rename it over."""
        name = self.own()
        if self._reusable:
            try:
                exchange(name, self._inventory)
            except OSError as error:
                if error.errno not in NOT_OFFERED:
                    raise
                self._reusable = error.errno == errno.ENOENT  # only the inventory was missing
            else:
                return
        os.replace(name, self._inventory)
        self._exists = False

    def open_own(self) -> str:
        """Return a name for this process's file: in the inventory's folder, as a rename needs."""
        if self._lasting and self._claim is None:
            self._make_claim()
        folder, name = os.path.split(self._inventory)
        claim = f"{self._claim}." if self._claim else ""
        # Process numbers may come twice, from two containers that share the folder.
        return os.path.join(folder, f".{name}.{claim}{os.getpid()}-{token_hex(4)}.tmp")

    def close_own(self, own: str) -> None:
        """Delete the file, where it exists."""
        if self._exists:
            with suppress(OSError):
                self._carry_over(own)
            with suppress(OSError):
                os.unlink(own)

    def end_claim(self) -> bool:
        """Remove the claim, in the process that made it; return whether this one did."""
        pid, fd = self._claim_held or (0, -1)
        if pid != os.getpid():
            return False
        with suppress(OSError):
            os.unlink(claim_path(self._inventory, self._claim or ""))
        os.close(fd)
        self._claim = self._claim_held = None
        return True

    def _make_claim(self) -> None:
        while True:
            claim = token_hex(8)
            path = claim_path(self._inventory, claim)
            fd = os.open(path, _CREATE, 0o644)
            try_lock(fd)
            if is_at(fd, path):  # else another command's sweep came before the lock
                self._claim, self._claim_held = claim, (os.getpid(), fd)
                return
            os.close(fd)

    def _write_new(
        self, name: str, document: bytes, wanted: FileAttributes, durable: bool
    ) -> FileAttributes:
        """Create the file with these attributes; return those that it has."""
        fd = os.open(name, _CREATE, 0o600)
        self._exists = True
        try:
            missed = self._give(fd, wanted)
            write_all(fd, document)
            _flush(fd, durable)
            return wanted if not missed else attributes_of(fd)
        except BaseException:
            self._exists = False
            os.unlink(name)
            raise
        finally:
            os.close(fd)

    def _give(self, fd: int, wanted: FileAttributes) -> list[str]:
        """Set the attributes of a new file; return those that need not be kept."""
        if not self._lasting:
            os.fchmod(fd, wanted.mode)
            return []
        missed = give(fd, wanted)
        if not may_miss(missed, wanted):
            raise PermissionError(errno.EPERM, _not_kept(missed, wanted))
        return missed

    def _carry_over(self, name: str) -> FileAttributes | None:
        """Return what a user changed between our read and our swap; give it to the inventory."""
        if self._swapped is None:
            return None
        expected, given = self._swapped
        there = attributes_of(name)
        if there == expected:
            return None
        with suppress(OSError):  # it was removed meanwhile, or is another user's
            fd = os.open(self._inventory, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if attributes_of(fd) == given:  # and not changed since
                    give(fd, there)
            finally:
                os.close(fd)
        return there

    def _rewrite(self, name: str, document: bytes, wanted: FileAttributes, durable: bool) -> bool:
        """Write to what was the inventory, if the kernel grants that no other process uses it."""
        try:
            fd = os.open(name, _REUSE)
        except OSError:
            return False
        try:
            if not self._lease(fd) or not _can_hold(os.fstat(fd), document, wanted):
                return False
            if self._lasting and extended_of(fd) != wanted.extended:
                return False
            write_all(fd, document)
            if durable:
                os.fsync(fd)
            # A reader that waited for too long was let in by the kernel, and may be reading.
            leased: bool = fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_WRLCK
            return leased
        finally:
            # Explicitly, not by closing: a child that was forked meanwhile has it open, too.
            with suppress(OSError):
                fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            os.close(fd)

    def _lease(self, fd: int) -> bool:
        """Take a write lease; return False where the file is in use or has no leases."""
        try:
            # The kernel announces a waiting reader by a signal: by one that is ignored.
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            self._reusable = error.errno in _IN_USE
            return False
        return True


def _can_hold(facts: os.stat_result, document: bytes, wanted: FileAttributes) -> bool:
    """Return whether a document can safely replace the one that a file holds."""
    return (
        facts.st_nlink == 1
        and facts.st_size == len(document) <= BLOCK_BYTES
        and facts.st_uid == wanted.owner
        and facts.st_gid == wanted.group
        and facts.st_mode & 0o7777 == wanted.mode
    )


def _not_kept(missed: Sequence[str], wanted: FileAttributes) -> str:
    """Return why a file is not replaced, in a line for its user."""
    names = {"owner": f"its owner ({wanted.owner})", "group": f"its group ({wanted.group})"}
    what = " and ".join(names.get(name, name) for name in missed)
    return f"a sale replaces the file, and {what} would be lost; sell as the owner or as root"


def _flush(fd: int, durable: bool) -> None:
    """Write a new file to the disk, or at least start that.

    ext4 starts it by itself when a file is renamed over another, so that a power cut leaves no
    empty file (auto_da_alloc). It does not when the two are swapped.
    """
    if durable:
        os.fsync(fd)
    elif hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def sweep(inventory: Path) -> None:
    """Remove the spare files of processes that have ended, where that is allowed."""
    for claim, spares in claims(inventory).items():
        with suppress(OSError):
            _sweep(claim_path(str(inventory), claim), spares)


def claims(inventory: Path) -> dict[str, list[str]]:
    """Return the claims on an inventory, each with its spare files."""
    found: dict[str, list[str]] = {}
    with suppress(OSError), os.scandir(inventory.parent) as entries:
        for entry in entries:
            match = CLAIMED.fullmatch(entry.name)
            if match and match[1] == inventory.name:
                spares = found.setdefault(match[2], [])
                spares += [entry.path] if match[3] != "own" else []
    return found


def _sweep(claim: str, spares: Sequence[str]) -> None:
    """Remove spare files whose claim is free, or is gone: it is made first, and removed last."""
    try:
        fd = os.open(claim, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        fd = None
    try:
        if fd is not None and not (try_lock(fd) and is_at(fd, claim)):
            return
        for spare in spares:
            with suppress(OSError):
                os.unlink(spare)
        if fd is not None:
            os.unlink(claim)
    finally:
        if fd is not None:
            os.close(fd)


def claim_path(inventory: str, claim: str) -> str:
    """Return the path of a claim: beside the inventory."""
    folder, name = os.path.split(inventory)
    return os.path.join(folder, f".{name}.{claim}.own")
