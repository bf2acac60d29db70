"""A file that is written in private, then changes places with the one that everybody reads.

The usual way to replace a file whole is to create a new one and rename it over the old. That costs
a file created and a file deleted for each sale, which on a disk is most of what a sale costs: the
new one's blocks are written out at once, and the deleted one is waited for (ext4: 100 of 110 us).
Here the two change places instead, in one effect (renameat2(2)), and what was the inventory is the
spare file for the next sale of this process. Nothing is created and nothing deleted.

A file may be written to again only when nobody can be reading it any more. The kernel knows: it
grants a write lease (fcntl(2), F_SETLEASE) only when no one else has the file open, and while
it is held nobody else gets in. It is held until the file is the inventory, and everybody may.
A file that has a second name, somebody's copy, is not written to either. Whatever cannot be had
here, the usual way is taken.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path

from booking.exchange import NOT_HERE, exchange
from booking.pids import alive

_serial = count()
_UMASK = os.umask(0)  # only setting it tells what it is
os.umask(_UMASK)
# No link is followed: in a shared folder somebody may have laid one in our way.
_AGAIN = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ANEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LEASES = hasattr(fcntl, "F_SETLEASE")
_BUSY = frozenset({errno.EAGAIN, errno.EACCES})  # somebody has it open; it is somebody else's


class SpareFile:
    """One process's own file beside the inventory; each process makes it when it first writes."""

    def __init__(self, inventory: Path) -> None:
        self._inventory = str(inventory)
        self._name: str | None = None
        self._owner_pid = 0
        self._there = False
        self._lasts = _LEASES  # whether a file can be used again here

    def open(self, mode: int, size: int) -> int:
        """Give a descriptor of a file of `size` bytes that nobody but us can open or read."""
        name = self._own_name()
        if self._there:
            fd = self._open_again(name, size)
            if fd is not None:
                return fd
            with suppress(FileNotFoundError):
                os.unlink(name)  # whoever reads it goes on reading it
        try:
            fd = os.open(name, _ANEW, mode)
        except FileExistsError:  # of a dead process that had our number, or laid there by somebody
            os.unlink(name)
            fd = os.open(name, _ANEW, mode)
        self._there = True
        if mode & _UMASK:
            os.fchmod(fd, mode)  # the file keeps its mode, whatever the umask says
        return fd

    def become_the_inventory(self) -> None:
        """Change places; where that is not known, be renamed over the inventory."""
        name = self._own_name()
        if self._lasts:
            try:
                exchange(name, self._inventory)
            except OSError as error:
                if error.errno in NOT_HERE:
                    self._lasts = False
                elif error.errno != errno.ENOENT:  # no inventory any more: then one is made
                    raise
            else:
                return
        os.replace(name, self._inventory)
        self._there = False

    def remove(self) -> None:
        """Delete it, if it is this process's."""
        if self._there and self._owner_pid == os.getpid() and self._name is not None:
            with suppress(OSError):
                os.unlink(self._name)
        self._there = False

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_name": None, "_owner_pid": 0, "_there": False}

    def _own_name(self) -> str:
        """Name this process's own file: in the same folder, as a rename needs."""
        if self._name is None or self._owner_pid != os.getpid():
            self._owner_pid = os.getpid()
            folder, name = os.path.split(self._inventory)
            self._name = os.path.join(folder, f".{name}.{self._owner_pid}-{next(_serial)}.tmp")
            self._there = False
        return self._name

    def _open_again(self, name: str, size: int) -> int | None:
        """Open what was the inventory, if the kernel warrants that it is ours alone."""
        if not self._lasts:
            return None
        try:
            fd = os.open(name, _AGAIN)
        except OSError:
            return None
        try:
            # Who asks to be let in meanwhile is announced to us by a signal: one that is ignored.
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            facts = os.fstat(fd)
            if facts.st_nlink == 1:
                if facts.st_size != size:
                    os.ftruncate(fd, size)
                return fd
        except OSError as error:
            self._lasts = error.errno in _BUSY
        os.close(fd)
        return None


def sweep(inventory: Path) -> None:
    """Remove the spare files of processes that are gone."""
    for spare in inventory.parent.glob(f".{inventory.name}.*.tmp"):
        pid = spare.name.removeprefix(f".{inventory.name}.").split("-")[0]
        if pid.isdigit() and not alive(int(pid)):
            spare.unlink(missing_ok=True)
