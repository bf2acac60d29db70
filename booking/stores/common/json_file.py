"""Base of every store that keeps a JSON document on disk, however it writes it."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from booking.core.base_classes import BaseStore
from booking.core.protocols import Place
from booking.core.steps import saw, step
from booking.errors import InventoryError, MalformedError
from booking.stores.common.json_document import NEW, Frame, parse
from booking.stores.common.run_lock import Note, leave_note
from booking.system.bounded_read import DOCUMENT_BYTES_MAX, TooLargeError, read_bounded
from booking.system.file_attributes import FileAttributes, attributes_of
from booking.system.output import write_whole
from booking.system.sizes import shown_size

CHUNK_BYTES = 1 << 16
PATIENCE_S = 2.0
POLL_S = 0.0001
NAME = "data.json"  # of the private default


class JsonFileStore(BaseStore):
    """A count in a JSON file; a subclass writes it."""

    torn_reads: bool
    _attributes: FileAttributes | None = None  # of the file that was read last, where it lasts
    _facts: tuple[int, int, int] | None = None  # the part of them that a read compares

    def __init__(self, place: Place) -> None:
        path = Path(place.location) if place.location else place.scratch / NAME
        # The target of a link: replacing the link would leave the inventory itself unchanged.
        self.path = Path(os.path.realpath(path))
        self.resource = self.path.name
        self._name = str(self.path)  # converting a Path costs time at each call
        self.durable = place.durable
        self._frame: Frame | None = None
        self._seen: bytes | None = None  # what this process read last, or wrote after that
        self._lasts = bool(place.location)  # it is no sale's private inventory

    def reset(self, tickets: int) -> None:
        """Make the file hold `tickets`; other keys of an existing file are kept."""
        if self.path.exists() or self.path.is_symlink():
            self._known_frame()
            self.write(tickets)
        else:
            self._create(NEW.render(tickets))

    def read(self) -> int:
        """Return the count; one open and one read, as the tutorial does."""
        step("read", self.resource)
        data = self._seen = self._read_whole()
        count = self._frame.count(data) if self._frame else None
        if count is None:
            count = self._parsed(data)
        saw(count)
        return count

    def prepare(self) -> None:
        """Raise `InventoryError` where the folder cannot be written to: a sale writes there."""
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise InventoryError(
                f"{self._shown()}: the folder cannot be written to; check its permissions"
            )
        if self.path.exists() and not os.access(self.path, os.W_OK):
            raise InventoryError(f"{self._shown()}: cannot be written to; check its permissions")

    def write(self, remaining: int) -> None:
        """Write the document with another count in it."""
        raise NotImplementedError  # each subclass in its own way

    def _parsed(self, data: bytes) -> int:
        """Parse a document that is not the known one: no buyer changes anything but its count."""
        known = self._frame
        try:
            count, self._frame = parse(data, self._shown())
        except MalformedError as error:
            if known is not None and not self.torn_reads:  # this store never writes half of it
                self._note(f"a buyer found no count in it ({error})")
            raise
        if known is not None and not self._is_cut_off(known, self._frame):
            self._note("a buyer found another document in it, and not only another count")
        return count

    def _is_cut_off(self, known: Frame, frame: Frame) -> bool:
        """Return whether a document lacks only the end of the known one, as in a torn read."""
        is_prefix = frame.prefix == known.prefix and known.suffix.startswith(frame.suffix)
        return self.torn_reads and is_prefix

    def _note(self, text: str) -> None:
        """Note a change that is not the buyers', for the sale under way on this file, if any."""
        leave_note(self.path, Note(pid=os.getpid(), text=text, ns=time.monotonic_ns()))

    def _known_frame(self) -> Frame:
        """Return the document around the count; read the file where it is not known yet."""
        if self._frame is None:
            _, self._frame = parse(self._read_whole(), self._shown())
        return self._frame

    def _read_whole(self) -> bytes:
        """Read the file; retry if it was replaced during the read."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                data = self._read_once()
            except BlockingIOError:  # it is being written for a later sale: see spare_file
                data = None
                time.sleep(POLL_S)
            except OSError as error:
                if self._frame is not None and isinstance(error, FileNotFoundError):
                    self._note("a buyer found it gone")
                raise self._error(error) from None
            if data is not None:
                return data
            if time.monotonic() > deadline_s:
                raise InventoryError(f"{self._shown()}: others keep writing it; try again")

    def _read_once(self) -> bytes | None:
        # Non-blocking: a named pipe must not block the sale for ever.
        fd = os.open(self._name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if self._frame is None:
                self._check_kind(fd)
            data = os.read(fd, CHUNK_BYTES)
            if len(data) == CHUNK_BYTES:
                data += self._read_rest(fd)
            return data if self._is_current(fd) else None
        finally:
            os.close(fd)

    def _read_rest(self, fd: int) -> bytes:
        """Return what follows the first chunk; refuse a file that is no inventory by its size."""
        with os.fdopen(fd, "rb", closefd=False) as file:
            try:
                return read_bounded(file, DOCUMENT_BYTES_MAX - CHUNK_BYTES)
            except TooLargeError:
                size = shown_size(DOCUMENT_BYTES_MAX)
                raise InventoryError(
                    f"{self._shown()}: larger than {size}, so it is no inventory; name its file"
                ) from None

    def _is_current(self, fd: int) -> bool:
        """Return whether the open file is still the inventory: always, if it is never replaced."""
        return True

    def _learn(self, facts: os.stat_result, file: int | str) -> None:
        """Note the attributes of the inventory: a file that takes its place gets them."""
        self._attributes = attributes_of(file)
        self._facts = facts.st_mode, facts.st_uid, facts.st_gid

    def _check_kind(self, fd: int) -> None:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
            raise InventoryError(f"{self._shown()}: is {kind}; expected a JSON file")

    def _create(self, data: bytes) -> None:
        try:
            if self._lasts:
                write_whole(self.path, [data])
            else:
                self.path.write_bytes(data)
        except OSError as error:
            raise self._error(error) from None
        self._frame = NEW
        if self._lasts:
            self._learn(os.stat(self._name), self._name)

    def _shown(self) -> str:
        """Return the path, relative where the file is below the current folder."""
        try:
            return str(self.path.relative_to(Path.cwd()))
        except (ValueError, OSError):
            return str(self.path)

    def _error(self, error: OSError) -> InventoryError:
        if isinstance(error, FileNotFoundError):
            if self.path.parent.is_dir():
                hint = f"create it with: booking reset --store json:{self._shown()} --tickets 3"
                return InventoryError(f"{self._shown()}: no such file; {hint}")
            return InventoryError(f"{self._shown()}: no such folder; create the folder first")
        problem = (error.strerror or str(error)).lower()
        return InventoryError(f"{self._shown()}: {problem}; check the path and its permissions")


def write_all(fd: int, data: bytes) -> None:
    """Write all of the data: on a disk that is nearly full, write(2) may write a part of it."""
    while data:
        data = data[os.write(fd, data) :]
