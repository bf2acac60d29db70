"""`json`: a JSON file that is always whole, because a new one replaces it atomically."""

from __future__ import annotations

import os

from booking.core.protocols import Place
from booking.core.steps import step
from booking.errors import UncertainError
from booking.stores.common.json_file import JsonFileStore
from booking.stores.common.spare_file import SpareFile, sweep


class JsonStore(JsonFileStore):
    """A JSON file, replaced whole: a spare file is written, then swapped with it; no torn reads."""

    shared = True
    torn_reads = False

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._spare = SpareFile(self.path)

    def write(self, remaining: int) -> None:
        """Replace the document by a new one; durable: on disk before this returns."""
        document = self._known_frame().render(remaining)
        try:
            self._spare.write(document, self._mode, durable=self.durable)
            step("replace", self.resource, remaining)
            self._spare.swap()
        except OSError as error:
            raise self._error(error) from None
        if self.durable:
            self._sync_folder()

    def close(self) -> None:
        """Remove the spare file."""
        self._spare.release_own()

    def sweep(self) -> None:
        """Remove the spare files of processes that have ended."""
        sweep(self.path)

    def _is_current(self, fd: int) -> bool:
        """Return whether the open file is the inventory now: else it may be a later sale's."""
        return os.fstat(fd).st_ino == os.stat(self._name).st_ino

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
