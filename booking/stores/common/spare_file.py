"""A file that is written in private, then changes places with the one that everybody reads.

The usual way to replace a file whole is to create a new one and rename it over the old. That costs
a file created and a file deleted for each sale, which on a disk is most of what a sale costs. Here
the two change places instead, in one effect (renameat2(2)), and what was the inventory is the spare
file for the next sale of this process. Nothing is created and nothing deleted.

It is written to again only where nothing can go wrong by that; otherwise a new one is made:

* Nobody has it open or mapped. The kernel knows: it grants a write lease only then (fcntl(2),
  F_SETLEASE), and keeps others out while it is written to. What it does not count is a page that
  is on its way to a socket by sendfile(2): who serves the inventory like that, as web servers
  do, may send a later one.
* It has one name, our owner and the inventory's mode: it is nobody's copy or hard link.
* The document is as long as before and fits a block: then a power cut leaves the old one or the
  new one of it, and no mixture.

A reader may have looked the name up just before the places changed, and so open a file that is
already written to for a later sale. Ours look again whether what they read is still the inventory
(`JsonFileStore`); a stranger's may see a count a few microseconds before it is sold.
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

from booking.stores.common.json_file import write_all
from booking.system.file_swap import NOT_OFFERED, exchange
from booking.system.processes import alive

BLOCK_BYTES = 4096  # what a disk writes in one piece, or a file system in one page
# No link is followed: in a shared folder somebody may have laid one in our way.
_AGAIN = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ANEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LEASES = hasattr(fcntl, "F_SETLEASE")
_BUSY = frozenset({errno.EAGAIN, errno.EACCES})  # somebody has it open; it is somebody else's


class SpareFile:
    """One process's own file beside the inventory; each process makes it when it first writes."""

    def __init__(self, inventory: Path) -> None:
        self._inventory = str(inventory)
        self._name = ""
        self._owner_pid = 0
        self._there = False
        self._lasts = _LEASES  # whether files can be used again here

    def write(self, document: bytes, mode: int, *, durable: bool) -> None:
        """Write a document into it, whole and in private; durable: on disk before this returns."""
        name = self._own_name()
        if self._there and self._lasts and self._written_again(name, document, mode, durable):
            return
        if self._there:
            with suppress(FileNotFoundError):
                os.unlink(name)  # whoever reads it goes on reading it
        fd = os.open(name, _ANEW, mode)
        self._there = True
        try:
            os.fchmod(fd, mode)  # the file keeps its mode, whatever the umask says
            write_all(fd, document)
            _settle(fd, durable)
        finally:
            os.close(fd)

    def change_places(self) -> None:
        """Be the inventory from now on; where that is not offered, by a rename over it."""
        if self._lasts:
            try:
                exchange(self._name, self._inventory)
            except OSError as error:
                if error.errno not in NOT_OFFERED:
                    raise
                self._lasts = error.errno == errno.ENOENT  # only the inventory was not there
            else:
                return
        os.replace(self._name, self._inventory)
        self._there = False

    def remove(self) -> None:
        """Delete it, if it is this process's."""
        if self._there and self._owner_pid == os.getpid():
            with suppress(OSError):
                os.unlink(self._name)
        self._there = False

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_name": "", "_owner_pid": 0, "_there": False}

    def _own_name(self) -> str:
        """Name this process's own file: in the same folder, as a rename needs."""
        if self._owner_pid != os.getpid():
            self._owner_pid = os.getpid()
            folder, name = os.path.split(self._inventory)
            # Process numbers may come twice, from two containers that share the folder.
            own = f".{name}.{self._owner_pid}-{token_hex(4)}.tmp"
            self._name = os.path.join(folder, own)
            self._there = False
        return self._name

    def _written_again(self, name: str, document: bytes, mode: int, durable: bool) -> bool:
        """Write to what was the inventory, if the kernel warrants that it is ours alone."""
        try:
            fd = os.open(name, _AGAIN)
        except OSError:
            return False
        try:
            if not self._leased(fd) or not _same(os.fstat(fd), document, mode):
                return False
            write_all(fd, document)
            if durable:
                os.fsync(fd)
            # Who knocked for too long was let in by the kernel, and may be reading.
            held: bool = fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_WRLCK
            return held
        finally:
            # Said, and not left to closing: a child that was forked meanwhile has it open, too.
            with suppress(OSError):
                fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            os.close(fd)

    def _leased(self, fd: int) -> bool:
        try:
            # Who asks to be let in meanwhile is announced to us by a signal: one that is ignored.
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            self._lasts = error.errno in _BUSY
            return False
        return True


def _same(facts: os.stat_result, document: bytes, mode: int) -> bool:
    """Say whether a file can take a document in the place of the one that is in it."""
    return (
        facts.st_nlink == 1
        and facts.st_size == len(document) <= BLOCK_BYTES
        and facts.st_uid == os.geteuid()
        and facts.st_mode & 0o7777 == mode
    )


def _settle(fd: int, durable: bool) -> None:
    """Bring a new file to the disk, or at least on its way.

    ext4 sends a file on its way by itself when it is renamed over another, so that a power cut
    leaves no empty file (auto_da_alloc), and does not when the two change places.
    """
    if durable:
        os.fsync(fd)
    elif hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def sweep(inventory: Path) -> None:
    """Remove the spare files of processes that are gone, where that is allowed."""
    found: list[Path] = []
    with suppress(OSError):  # a folder that may not be entered
        found += inventory.parent.glob(f".{escape(inventory.name)}.*.tmp")
    for spare in found:
        pid = spare.name.removeprefix(f".{inventory.name}.").split("-")[0]
        if pid.isdigit() and not alive(int(pid)):
            with suppress(OSError):
                spare.unlink()
