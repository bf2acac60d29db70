"""Read recorded histories, ours and other tools': JSON lines and EDN, as they stream by.

`read(path)` returns a `Reader`. Its `chunks()` are lists of events. Its `notes` hold, after the
last, what the reader noticed (a history that was cut off while it was written).
"""

from __future__ import annotations

from pathlib import Path

from booking.history.edn import EdnReader
from booking.history.jsonl import JsonlReader
from booking.history.reader import Reader

__all__ = ["Reader", "read"]


def read(path: Path, *, keyed: bool = False) -> Reader:
    """Return the reader for a history: `.edn` is EDN, everything else JSON lines.

    `keyed`: values are `[key, value]`, as jepsen.independent writes them.
    """
    if path.suffix == ".edn":
        return EdnReader(path, keyed=keyed)
    return JsonlReader(path, keyed=keyed)
