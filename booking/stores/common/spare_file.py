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
* It has one name, our owner and the inventory's mode: it is no user's copy or hard link.
* The document is as long as before and fits a block: a power cut then leaves the old one or the
  new one, and no mixture.

A sale on a file that has a name holds a permit beside it (`run_lock`). Then the swap tells, too,
whether another program changed the inventory between a buyer's read and its write: what was
replaced is in the spare file, and has to be what the buyer read. It is looked at before it is
written to again. A private inventory has no permit, and is spared the look.

A reader may look the name up just before the swap, and open a file that is already being written
for a later sale. Our readers check that what they read is still the inventory (`JsonFileStore`).
A foreign reader may see a count a few microseconds before it is sold.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from secrets import token_hex
from time import monotonic_ns

from booking.core.per_process import PerProcess
from booking.stores.common.json_file import write_all
from booking.stores.common.run_lock import marker_path
from booking.system.file_swap import NOT_OFFERED, exchange
from booking.system.processes import alive

BLOCK_BYTES = 4096  # what a disk writes in one piece, or a file system in one page
# No link is followed: in a shared folder another user may have placed one at our name.
_REUSE = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LEASES = hasattr(fcntl, "F_SETLEASE")
_IN_USE = frozenset({errno.EAGAIN, errno.EACCES})  # it is open elsewhere; another user owns it


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

    unpicklable = ("_exists", "_expected")

    _exists: bool | None = None
    _expected: tuple[bytes, int, int] | None = None  # what the last swap replaced, and when
    _watched = False  # whether a sale holds a permit beside the inventory
    _told = 0

    def __init__(self, inventory: Path, tell: Callable[[Displaced], None] = _ignore) -> None:
        self._inventory = str(inventory)
        self._tell = tell
        self._reusable = _LEASES  # whether this file system has leases and swaps

    def write(self, document: bytes, mode: int, *, durable: bool) -> None:
        """Write a document whole and in private; durable: on disk before this returns."""
        name = self.own()
        if self._exists and self._reusable and self._rewrite(name, document, mode, durable):
            return
        if self._exists:
            self._look(name)
            with suppress(FileNotFoundError):
                os.unlink(name)  # a process that has it open goes on reading it
        fd = os.open(name, _CREATE, mode)
        self._exists = True
        try:
            os.fchmod(fd, mode)  # the file keeps its mode, whatever the umask says
            write_all(fd, document)
            _flush(fd, durable)
        finally:
            os.close(fd)

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
        folder, name = os.path.split(self._inventory)
        self._watched = marker_path(Path(self._inventory), "sale").exists()
        # Process numbers may come twice, from two containers that share the folder.
        return os.path.join(folder, f".{name}.{os.getpid()}-{token_hex(4)}.tmp")

    def close_own(self, own: str) -> None:
        """Delete the file, where it exists."""
        if self._exists:
            self._look(own)
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
                    os.close(fd)

    def _compare(self, fd: int) -> None:
        if self._expected is None:
            return
        (seen, from_ns, to_ns), self._expected = self._expected, None
        if os.pread(fd, len(seen) + 1, 0) != seen and self._told < TOLD_MAX:
            self._told += 1
            self._tell(Displaced(os.pread(fd, DISPLACED_BYTES_MAX, 0), from_ns, to_ns))

    def _rewrite(self, name: str, document: bytes, mode: int, durable: bool) -> bool:
        """Write to what was the inventory, if the kernel grants that no other process uses it."""
        try:
            fd = os.open(name, _REUSE)
        except OSError:
            return False
        try:
            if not self._lease(fd) or not _can_hold(os.fstat(fd), document, mode):
                return False
            self._compare(fd)
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


def _can_hold(facts: os.stat_result, document: bytes, mode: int) -> bool:
    """Return whether a document can safely replace the one that a file holds."""
    return (
        facts.st_nlink == 1
        and facts.st_size == len(document) <= BLOCK_BYTES
        and facts.st_uid == os.geteuid()
        and facts.st_mode & 0o7777 == mode
    )


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
    spares: list[Path] = []
    with suppress(OSError):  # a folder that may not be entered
        spares += inventory.parent.glob(f".{escape(inventory.name)}.*.tmp")
    for spare in spares:
        pid = spare.name.removeprefix(f".{inventory.name}.").split("-")[0]
        if pid.isdigit() and not alive(int(pid)):
            with suppress(OSError):
                spare.unlink()
