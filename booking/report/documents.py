"""One JSON document on standard output for scripts, as docs/reference/json.md describes it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from typing import Any

import msgspec

from booking.core.printable import printable_json
from booking.core.verdict import Anomaly
from booking.history.model import Event
from booking.system.standard_output import reserve

VERSION = 1  # of every document; a change that renames or removes a field raises it

printed = False  # whether a command's one document is on standard output
_reserved: FileIO | None = None


def show(document: dict[str, Any]) -> None:
    """Print the result of a command as one JSON document that names its version."""
    write({"version": VERSION, **document})


def write(document: dict[str, Any]) -> None:
    """Print one JSON document as it is."""
    global printed  # noqa: PLW0603 - a process runs one command at a time
    encoded = msgspec.json.format(_encoded(document), indent=2)
    data = printable_json(encoded.decode()).encode() + b"\n"
    if _reserved is not None:
        while data:  # no buffer: what failed must not come again, behind an error
            data = data[_reserved.write(data) :]
    else:
        sys.stdout.write(data.decode())
    printed = True


def reserve_output() -> None:
    """Keep standard output for the one document; other prints go to standard error.

    A user's own store may print while it is imported.
    """
    global _reserved  # noqa: PLW0603 - there is one standard output
    ours = sys.stdout is not None and sys.stdout is sys.__stdout__  # no test's, no notebook's
    if ours and _reserved is None:
        sys.stdout.flush()
        _reserved = os.fdopen(os.dup(1), "wb", buffering=0)
        reserve(_reserved.fileno())
        os.dup2(2, 1)


def release_output() -> None:
    """Return standard output to all prints."""
    global _reserved
    if _reserved is not None:
        reserved, _reserved = _reserved, None
        reserve(None)
        sys.stdout.flush()
        with suppress(OSError):  # the document is printed: that is the result
            os.dup2(reserved.fileno(), 1)
            reserved.close()


def anomaly_documents(anomalies: Iterable[Anomaly]) -> list[dict[str, Any]]:
    """Return anomalies as data, each with the events that prove it."""
    return [
        {"name": anomaly.name, "message": anomaly.message, "witness": list(anomaly.evidence)}
        for anomaly in anomalies
    ]


def _encoded(document: dict[str, Any]) -> bytes:
    """Encode a document; the name of a file may hold bytes that are no text."""
    try:
        return msgspec.json.encode(document, enc_hook=_plain)
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(document, enc_hook=_plain), ensure_ascii=False)
        return printable_json(text).encode()


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value) if isinstance(value, Event) else str(value)
