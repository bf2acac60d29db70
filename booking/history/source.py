"""Where a history comes from: a file, or a stream that is kept so that it can be read again.

All formats are read through here, in time and memory that grow with the file. No line may be longer
than a limit: a file without line ends would otherwise have to be held whole.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, NoReturn

from booking.errors import HistoryError
from booking.system.sizes import shown_size

STANDARD_INPUT = Path("-")
IN_MEMORY_MAX = 64 << 20  # bytes of a stream; more go to a file that vanishes with the process
CHUNK_BYTES = 1 << 20
LINE_BYTES_MAX = 16 << 20  # `--max-line` changes it
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Source:
    """Bytes that can be read several times, and their name in messages."""

    def __init__(self, path: Path, line_max: int = LINE_BYTES_MAX) -> None:
        self.path = path
        self.name = "standard input" if path == STANDARD_INPUT else str(path)
        self.line_max = line_max
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

    def size(self) -> int:
        """Return how many bytes there are."""
        with self.open() as file:
            return file.seek(0, 2)

    def numbered_lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield each line with its number, the line's end included where it has one."""
        with self.open() as file:
            number = 0
            while raw := file.readline(self.line_max + 1):
                number += 1
                if len(raw) > self.line_max and not raw.endswith(b"\n"):
                    self._refuse_long(number)
                yield number, raw

    def blocks(self) -> Iterator[tuple[bytes, bool]]:
        """Yield the bytes in blocks of whole lines, and whether a block is the last.

        A byte order mark is left out. The last block has no line's end behind it.
        """
        parts: list[bytes] = []  # of a line that does not end yet
        lines = _LineLengths(self.line_max)
        with self.open() as file:
            if file.read(len(_BYTE_ORDER_MARK)) != _BYTE_ORDER_MARK:
                file.seek(0)
            while block := file.read(lines.chunk):
                if lines.too_long(block):
                    self._refuse_long(lines.ended + 1)
                end = block.rfind(b"\n") + 1
                if end:
                    yield b"".join((*parts, block[:end])), False
                    parts = []
                parts.append(block[end:])
        if rest := b"".join(parts):
            yield rest, True

    def close(self) -> None:
        """Drop what was kept of a stream."""
        if self._kept is not None:
            self._kept.close()

    def _keep(self, stream: IO[bytes]) -> None:
        kept = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MAX)  # noqa: SIM115 - closed by `close`
        lines = _LineLengths(self.line_max)
        while block := stream.read(lines.chunk):
            if lines.too_long(block):
                kept.close()
                self._refuse_long(lines.ended + 1)
            kept.write(block)
        self._kept = kept

    def _refuse_long(self, line: int) -> NoReturn:
        raise HistoryError(
            f"{self.name}, line {line}: longer than {shown_size(self.line_max)}; is it a history? "
            "--max-line SIZE reads longer lines"
        )

    def _refused(self, error: OSError) -> HistoryError:
        return HistoryError(f"{self.name}: {error.strerror or error}")


class _LineLengths:
    """Notices a line that is too long, in blocks that follow one another."""

    def __init__(self, line_max: int) -> None:
        self._line_max = line_max
        self.chunk = min(CHUNK_BYTES, line_max)  # so a line within one block is short enough
        self.ended = 0  # lines
        self._open = 0  # bytes of the line that does not end yet

    def too_long(self, block: bytes) -> bool:
        """Return whether the line that was open before this block is too long by now."""
        first = block.find(b"\n")
        if self._open + (len(block) if first < 0 else first) > self._line_max:
            return True
        if first < 0:
            self._open += len(block)
        else:
            self.ended += block.count(b"\n")
            self._open = len(block) - block.rfind(b"\n") - 1
        return False
