"""Where a history comes from: a file, or a stream that is kept so that it can be read again."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from booking.errors import HistoryError

STANDARD_INPUT = Path("-")
IN_MEMORY_MAX = 64 << 20  # bytes of a stream; more go to a file that vanishes with the process


class Source:
    """Bytes that can be read several times, and their name in messages."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = "standard input" if path == STANDARD_INPUT else str(path)
        self._kept: IO[bytes] | None = None
        try:
            if path == STANDARD_INPUT:
                self._keep(sys.stdin.buffer)
            elif path.exists() and not path.is_file():  # a pipe gives its bytes once
                with path.open("rb") as stream:
                    self._keep(stream)
        except OSError as error:
            raise self._refused(error) from error

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Return the bytes from their beginning."""
        if self._kept is not None:
            self._kept.seek(0)
            return nullcontext(self._kept)
        try:
            return self.path.open("rb")
        except OSError as error:
            raise self._refused(error) from error

    def close(self) -> None:
        """Drop what was kept of a stream."""
        if self._kept is not None:
            self._kept.close()

    def _keep(self, stream: IO[bytes]) -> None:
        kept = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MAX)  # noqa: SIM115 - closed by `close`
        shutil.copyfileobj(stream, kept)
        self._kept = kept

    def _refused(self, error: OSError) -> HistoryError:
        return HistoryError(f"{self.name}: {error.strerror or error}")
