"""`json`: a JSON file that is always whole, because a new one replaces it atomically."""

from __future__ import annotations

import os
import stat
from functools import cache

from booking.core.protocols import Place
from booking.core.steps import step
from booking.errors import InventoryError, UncertainError
from booking.stores.common.json_file import JsonFileStore
from booking.stores.common.run_lock import Note, leave_note
from booking.stores.common.spare_claims import sweep
from booking.stores.common.spare_file import Displaced, SpareFile
from booking.system.file_attributes import FileAttributes, attributes_of, give
from booking.system.output import is_mount_point

KEPT_MAX = 1000
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@cache
def private() -> FileAttributes:
    """Return the attributes of an inventory in a folder that no other user may enter."""
    return FileAttributes(os.geteuid(), os.getegid(), 0o644)


class JsonStore(JsonFileStore):
    """A JSON file, replaced whole: a spare file is written, then swapped with it; no torn reads."""

    shared = True
    torn_reads = False

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._spare = SpareFile(self.path, self._displaced, lasting=self._lasts)

    def prepare(self) -> None:
        """Raise `InventoryError` where no file could take the inventory's place as it is."""
        super().prepare()
        if not self.path.is_file():
            return
        facts, folder = self.path.stat(), self.path.parent.stat()
        if folder.st_mode & stat.S_ISVTX and os.geteuid() not in {0, facts.st_uid, folder.st_uid}:
            raise InventoryError(
                f"{self._shown()}: only its owner may replace a file in this folder (sticky); "
                "sell as the owner"
            )
        if is_mount_point(str(self.path)):
            raise InventoryError(
                f"{self._shown()}: is mounted by itself, so no file can take its place; mount its "
                "folder instead"
            )
        try:
            self._spare.rehearse(attributes_of(str(self.path)))
        except OSError as error:
            raise self._error(error) from None

    def write(self, remaining: int) -> None:
        """Replace the document by a new one; durable: on disk before this returns."""
        document = self._known_frame().render(remaining)
        try:
            wanted = self._attributes or (attributes_of(self._name) if self._lasts else private())
            self._attributes = self._spare.write(document, wanted, durable=self.durable)
            step("replace", self.resource, remaining)
            self._spare.swap(self._seen)
            self._seen = document
        except OSError as error:
            raise self._error(error) from None
        if self.durable:
            self._sync_folder()

    def close(self) -> None:
        """Remove the spare file; in the harness also those of buyers that were killed."""
        self._spare.release_own()
        if self._spare.end_claim():
            self.sweep()

    def sweep(self) -> None:
        """Remove the spare files of processes that have ended."""
        sweep(self.path)

    def _displaced(self, displaced: Displaced) -> None:
        """Note what a write of this process replaced: it was not what the process had read.

        The count may be another buyer's, where no guard keeps buyers apart: the sale, which knows
        all steps, decides. Another document is no buyer's; it is kept beside the inventory.
        """
        pid = os.getpid()
        if displaced.data is None:
            text = "it was gone when a buyer replaced it"
            leave_note(self.path, Note(pid=pid, text=text, ns=displaced.from_ns))
            return
        remaining = self._frame.count(displaced.data) if self._frame else None
        if remaining is None:
            text = f"a buyer replaced another document{self._kept(displaced.data)}"
            leave_note(self.path, Note(pid=pid, text=text, ns=displaced.from_ns))
        else:
            leave_note(
                self.path,
                Note(pid=pid, count=remaining, ns=displaced.from_ns, until_ns=displaced.to_ns),
            )

    def _kept(self, data: bytes) -> str:
        """Write what was replaced into a file of its own; return where it is, for a sentence."""
        if not data:
            return ", an empty one"
        for number in range(1, KEPT_MAX + 1):
            path = self.path.with_name(f"{self.path.name}.replaced-{number}")
            try:
                with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:
                    give(file.fileno(), self._attributes or private())
                    file.write(data)
            except FileExistsError:
                continue
            except OSError:
                break
            return f", which is kept as {path.name}"
        return ", which could not be kept"

    def _is_current(self, fd: int) -> bool:
        """Return whether the open file is the inventory now: else it may be a later sale's."""
        facts = os.fstat(fd)
        if self._lasts and (facts.st_mode, facts.st_uid, facts.st_gid) != self._facts:
            self._learn(facts, fd)
        return facts.st_ino == os.stat(self._name).st_ino

    def _sync_folder(self) -> None:
        """Make the swap survive a power cut (fsync(2): a folder needs its own)."""
        try:
            fd = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
            raise UncertainError(
                f"{self._shown()}: {problem}; it was sold, and a power cut may undo that"
            ) from None
