"""`json`: a JSON file that is always whole, because a new one is moved over the old."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count

from booking.inventory_file import InventoryFile, write_all
from booking.pids import alive
from booking.steps import step

_serial = count()
_UMASK = os.umask(0)  # only setting it tells what it is
os.umask(_UMASK)


class JsonStore(InventoryFile):
    """A JSON file, replaced whole: temporary file, then `os.replace`; no torn reads."""

    shared = True
    torn_reads = False

    _replaced_fd = -1  # of the file that was read last, and by now may be no file any more
    _partial: str | None = None
    _owner_pid = 0

    def write(self, remaining: int) -> None:
        """Move a new document over the old one; durable: on disk before this returns."""
        document = self._learn().render(remaining)
        partial = self._partial_path()
        try:
            self._write_partial(partial, document)
            step("replace", self.resource, remaining)
            os.replace(partial, self._name)
            if self.durable:
                self._sync_folder()
        except OSError as error:
            raise self._error(error) from None

    def let_go(self) -> None:
        """Close the file that was read last: if it was replaced, that deletes it for good.

        Most of what a sale costs on a disk is that (ext4: 70 of 110 us), and nobody needs to wait
        for it; so it stays open until then, and a guard calls this when its lock is free again.
        """
        if self._replaced_fd >= 0:
            os.close(self._replaced_fd)
            self._replaced_fd = -1

    def close(self) -> None:
        """Remove a temporary file that never became the inventory."""
        self.let_go()
        if self._partial and self._owner_pid == os.getpid():
            with suppress(OSError):
                os.unlink(self._partial)

    def sweep(self) -> None:
        """Remove the temporary files of processes that are gone."""
        for partial in self.path.parent.glob(f".{self.path.name}.*.tmp"):
            pid = partial.name.removeprefix(f".{self.path.name}.").split("-")[0]
            if pid.isdigit() and not alive(int(pid)):
                partial.unlink(missing_ok=True)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_partial": None, "_replaced_fd": -1}

    def _done_with(self, fd: int) -> None:
        """Keep it open; the one before is let go of at the latest now, so there is ever but one."""
        self.let_go()
        self._replaced_fd = fd

    def _partial_path(self) -> str:
        """Name this process's own temporary file: in the same folder, as `os.replace` needs."""
        if self._partial is None or self._owner_pid != os.getpid():
            self._owner_pid = os.getpid()
            name = f".{self.path.name}.{self._owner_pid}-{next(_serial)}.tmp"
            self._partial = str(self.path.with_name(name))
        return self._partial

    def _write_partial(self, partial: str, document: bytes) -> None:
        # No link is followed: in a shared folder somebody may have laid one in our way.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(partial, flags, self._mode)
        try:
            if self._mode & _UMASK:
                os.fchmod(fd, self._mode)  # the file keeps its mode, whatever the umask says
            write_all(fd, document)
            if self.durable:
                os.fsync(fd)
        finally:
            os.close(fd)

    def _sync_folder(self) -> None:
        """Make the rename itself survive a power cut (fsync(2): the folder needs its own)."""
        fd = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
