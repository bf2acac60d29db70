"""Read a file that another program wrote, up to a limit: one of a gigabyte is refused at once."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from booking.system.sizes import shown_size

DOCUMENT_BYTES_MAX = 16 << 20  # an inventory, a witness: what is larger is another kind of file
CHUNK_BYTES = 1 << 16


class TooLargeError(ValueError):
    """A file is larger than any document of its kind; the message is the reason."""


def read_document(path: Path, limit: int = DOCUMENT_BYTES_MAX) -> bytes:
    """Return a whole file; raise `TooLargeError` once it is known to be larger than the limit."""
    with path.open("rb") as file:
        return read_bounded(file, limit)


def read_bounded(file: IO[bytes], limit: int) -> bytes:
    """Return the rest of a stream; raise `TooLargeError` behind the first byte too many."""
    parts, left = [], limit + 1
    while left and (part := file.read(min(left, CHUNK_BYTES))):
        parts.append(part)
        left -= len(part)
    if not left:
        raise TooLargeError(f"larger than {shown_size(limit)}, so it is no such file")
    return b"".join(parts)
