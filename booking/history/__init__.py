"""Recorded histories, ours and other tools': JSON lines and EDN, read as they stream by.

`read(path)` gives a `Reader`; its `chunks()` are lists of events, and its `notes` say afterwards
what the reader noticed (a history that was cut off while it was written).
"""

from __future__ import annotations

from pathlib import Path

from booking.history.edn import EdnReader
from booking.history.jsonl import JsonlReader
from booking.history.reader import Reader

__all__ = ["Reader", "read"]


def read(path: Path, *, keyed: bool = False) -> Reader:
    """Choose how to read a history: `.edn` is EDN, everything else JSON lines.

    `keyed`: values are `[key, value]`, as jepsen.independent writes them.
    """
    if path.suffix == ".edn":
        return EdnReader(path, keyed=keyed)
    return JsonlReader(path, keyed=keyed)
