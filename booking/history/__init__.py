"""Read recorded histories, ours and other tools': JSON lines, EDN, and Jepsen's log.

`read(path)` returns a `Reader`. Its `chunks()` are lists of events, as they stream by. Its `notes`
hold, after the last, what the reader noticed (a history that was cut off while it was written).
"""

from __future__ import annotations

from pathlib import Path

from booking.history.edn import EdnReader
from booking.history.formats import Format, format_of
from booking.history.jepsen_log import JepsenLogReader
from booking.history.jsonl import JsonlReader
from booking.history.reader import Reader
from booking.history.source import LINE_BYTES_MAX, Source

__all__ = ["Format", "Reader", "read"]

_READERS: dict[str, type[Reader]] = {
    "jsonl": JsonlReader,
    "edn": EdnReader,
    "jepsen-log": JepsenLogReader,
}


def read(
    path: Path,
    *,
    keyed: bool = False,
    format: Format = "auto",  # noqa: A002 - as the flag is called
    line_max: int = LINE_BYTES_MAX,
) -> Reader:
    """Return the reader for a history; `-` is standard input.

    `keyed`: values are `[key, value]`, as jepsen.independent writes them. A line of more than
    `line_max` bytes is refused.
    """
    source = Source(path, line_max)
    return _READERS[format_of(source) if format == "auto" else format](source, keyed=keyed)
