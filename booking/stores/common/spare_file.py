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

A sale on a file that has a name holds a permit beside it (`run_lock`). Then the swap tells, too,
whether another program changed the inventory between a buyer's read and its write: what was
replaced is in the spare file, and has to be what the buyer read. It is looked at before it is
written to again. A private inventory has no permit, and is spared the look.

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
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from time import monotonic_ns
from typing import Any

from booking.core.per_process import PerProcess
from booking.stores.common.json_file import write_all
from booking.stores.common.run_lock import marker_path
from booking.stores.common.spare_claims import claim_path, make_claim
from booking.system.descriptors import close_quietly
from booking.system.file_attributes import (
    FileAttributes,
    attributes_of,
    extended_of,
    give,
    may_miss,
)
from booking.system.file_lease import AVAILABLE, IN_USE, end_lease, is_leased, take_lease
from booking.system.file_swap import NOT_OFFERED, exchange
from booking.system.signals import signals_blocked

BLOCK_BYTES = 4096  # what a disk writes in one piece, or a file system in one page
# No link is followed: in a shared folder another user may have placed one at our name.
_REUSE = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


DISPLACED_BYTES_MAX = 1 << 20
TOLD_MAX = 100  # by one process: where no guard keeps buyers apart, each write may tell


@dataclass(frozen=True, slots=True)
class Displaced:
    """What a swap replaced, and when; None: there was no inventory."""

    data: bytes | None
    from_ns: int
    to_ns: int


def _ignore(_displaced: Displaced) -> None:
    """Do nothing."""


class SpareFile(PerProcess[str]):
    """One process's own file beside the inventory: its name, and whether it exists.

    `tell` is called where a swap replaced something else than the process had seen.
    """

    unpicklable = ("_exists", "_expected", "_swapped")

    _exists: bool | None = None
    _expected: tuple[bytes, int, int] | None = None  # what the last swap replaced, and when
    _watched = False  # whether a sale holds a permit beside the inventory
    _told = 0
    # What the file had that was swapped out, and what the one has that was swapped in for it.
    _swapped: tuple[FileAttributes, FileAttributes] | None = None
    _lasting = False
    _claim: str | None = None  # the name of the claim; buyers get it from their harness
    _claim_held: tuple[int, int] | None = None  # the process that made it, and its descriptor

    def __init__(
        self, inventory: Path, tell: Callable[[Displaced], None] = _ignore, *, lasting: bool = False
    ) -> None:
        self._inventory = str(inventory)
        self._tell = tell
        self._reusable = AVAILABLE  # whether this file system has leases and swaps
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
                self._look(name)
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
            self.release_own()  # whether a sale holds a permit is looked up again when it is used

    def swap(self, seen: bytes | None = None) -> None:
        """Atomically swap it with the inventory; without renameat2(2), rename it over.

        `seen` is what the inventory holds, as far as this process knows.
        """
        name = self.own()
        from_ns = monotonic_ns() if self._watched else 0
        if self._reusable:
            try:
                exchange(name, self._inventory)
            except OSError as error:
                if error.errno not in NOT_OFFERED:
                    raise
                self._reusable = error.errno == errno.ENOENT  # only the inventory was missing
                if self._reusable and self._watched and seen is not None:
                    self._tell(Displaced(None, from_ns, monotonic_ns()))
            else:
                if self._watched and seen is not None:
                    self._expected = seen, from_ns, monotonic_ns()
                return
        os.replace(name, self._inventory)
        self._exists = False

    def open_own(self) -> str:
        """Return a name for this process's file: in the inventory's folder, as a rename needs."""
        if self._lasting and self._claim is None:
            with signals_blocked():  # none comes between a claim and its entry here
                self._claim, fd = make_claim(self._inventory)
                self._claim_held = os.getpid(), fd
        folder, name = os.path.split(self._inventory)
        claim = f"{self._claim}." if self._claim else ""
        self._watched = marker_path(Path(self._inventory), "sale").exists()
        # Process numbers may come twice, from two containers that share the folder.
        return os.path.join(folder, f".{name}.{claim}{os.getpid()}-{token_hex(4)}.tmp")

    def close_own(self, own: str) -> None:
        """Delete the file, where it exists."""
        if self._exists:
            self._look(own)
            with suppress(OSError):
                self._carry_over(own)
            with suppress(OSError):
                os.unlink(own)

    def _look(self, name: str) -> None:
        """Compare what the last swap replaced with what was expected, where that is not done."""
        if self._expected is not None:
            with suppress(OSError):
                fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
                try:
                    self._compare(fd)
                finally:
                    close_quietly(fd)

    def _compare(self, fd: int) -> None:
        if self._expected is None:
            return
        (seen, from_ns, to_ns), self._expected = self._expected, None
        if os.pread(fd, len(seen) + 1, 0) != seen and self._told < TOLD_MAX:
            self._told += 1
            self._tell(Displaced(os.pread(fd, DISPLACED_BYTES_MAX, 0), from_ns, to_ns))

    def end_claim(self) -> bool:
        """Remove the claim, in the process that made it; return whether this one did."""
        pid, fd = self._claim_held or (0, -1)
        if pid != os.getpid():
            return False
        with suppress(OSError):
            os.unlink(claim_path(self._inventory, self._claim or ""))
        close_quietly(fd)
        self._claim = self._claim_held = None
        return True

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
        try:
            there = attributes_of(name)
        except FileNotFoundError:
            return None  # another program removed it
        if there == expected:
            return None
        with suppress(OSError):  # it was removed meanwhile, or is another user's
            fd = os.open(self._inventory, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if attributes_of(fd) == given:  # and not changed since
                    give(fd, there)
            finally:
                close_quietly(fd)
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
            self._compare(fd)
            write_all(fd, document)
            if durable:
                os.fsync(fd)
            # A reader that waited for too long was let in by the kernel, and may be reading.
            return is_leased(fd)
        finally:
            # Explicitly, not by closing: a child that was forked meanwhile has it open, too.
            end_lease(fd)
            os.close(fd)

    def _lease(self, fd: int) -> bool:
        """Take a write lease; return False where the file is in use or has no leases."""
        try:
            take_lease(fd)
        except OSError as error:
            self._reusable = error.errno in IN_USE
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
