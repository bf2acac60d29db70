"""`json-inplace`: the tutorial's way to write, kept because it shows torn reads."""

from __future__ import annotations

import os

from booking.core.steps import step
from booking.stores.common.json_file import JsonFileStore, write_all


class JsonInplaceStore(JsonFileStore):
    """A JSON file, truncated, then written: a reader in between meets an empty file."""

    shared = True
    torn_reads = True

    def write(self, remaining: int) -> None:
        """Truncate the file, then fill it: two effects, and a reader may come in between."""
        document = self._known_frame().render(remaining)
        try:
            step("truncate", self.resource)
            fd = os.open(self.path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
            try:
                step("write", self.resource, remaining)
                write_all(fd, document)
                if self.durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise self._error(error) from None
