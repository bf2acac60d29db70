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

A reader may look the name up just before the swap, and open a file that is already being written
for a later sale. Our readers check that what they read is still the inventory (`JsonFileStore`).
A foreign reader may see a count a few microseconds before it is sold.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from contextlib import suppress
from glob import escape
from pathlib import Path
from secrets import token_hex

from booking.core.per_process import PerProcess
from booking.stores.common.json_file import write_all
from booking.system.file_swap import NOT_OFFERED, exchange
from booking.system.processes import alive

BLOCK_BYTES = 4096  # what a disk writes in one piece, or a file system in one page
# No link is followed: in a shared folder another user may have placed one at our name.
_REUSE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LEASES = hasattr(fcntl, "F_SETLEASE")
_IN_USE = frozenset({errno.EAGAIN, errno.EACCES})  # it is open elsewhere; another user owns it


class SpareFile(PerProcess[str]):
    """One process's own file beside the inventory: its name, and whether it exists."""

    unpicklable = ("_exists",)

    _exists: bool | None = None

    def __init__(self, inventory: Path) -> None:
        self._inventory = str(inventory)
        self._reusable = _LEASES  # whether this file system has leases and swaps

    def write(self, document: bytes, mode: int, *, durable: bool) -> None:
        """Write a document whole and in private; durable: on disk before this returns."""
        name = self.own()
        if self._exists and self._reusable and self._rewrite(name, document, mode, durable):
            return
        if self._exists:
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
        folder, name = os.path.split(self._inventory)
        # Process numbers may come twice, from two containers that share the folder.
        return os.path.join(folder, f".{name}.{os.getpid()}-{token_hex(4)}.tmp")

    def close_own(self, own: str) -> None:
        """Delete the file, where it exists."""
        if self._exists:
            with suppress(OSError):
                os.unlink(own)

    def _rewrite(self, name: str, document: bytes, mode: int, durable: bool) -> bool:
        """Write to what was the inventory, if the kernel grants that no other process uses it."""
        try:
            fd = os.open(name, _REUSE)
        except OSError:
            return False
        try:
            if not self._lease(fd) or not _can_hold(os.fstat(fd), document, mode):
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
