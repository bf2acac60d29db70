"""Find out in which format a history is written: by its content, then by its suffix."""

from __future__ import annotations

from typing import Literal

from booking.errors import HistoryError
from booking.history.jepsen_log import OPERATION
from booking.history.source import Source

Format = Literal["auto", "jsonl", "edn", "jepsen-log"]

HEAD_BYTES = 1 << 16
_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"BZh")


def format_of(source: Source) -> Literal["jsonl", "edn", "jepsen-log"]:
    """Return the format of a history; refuse what looks like none."""
    with source.open() as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(_COMPRESSED):
        raise HistoryError(f"{source.name}: it is compressed; expand it first")
    text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    start = "".join(text.split())[:2]  # what white space hides
    by_suffix = "edn" if source.path.suffix == ".edn" else "jsonl"
    if start.startswith("{:") or start[:1] in {"#", ";", "("}:
        return "edn"
    if start.startswith("["):
        return _vector(source, text, by_suffix)
    if start.startswith("{"):
        return "edn" if by_suffix == "edn" else "jsonl"
    if any(OPERATION.search(line) for line in text.splitlines()):
        return "jepsen-log"
    if start and by_suffix == "jsonl" and "\ufffd" not in text:
        first = text.strip().splitlines()[0][:40]
        raise HistoryError(
            f"{source.name}, line {_line_of(text)}: {first!r} is no event in JSON, EDN or a log "
            "of Jepsen; --format says which it is"
        )
    return "edn" if by_suffix == "edn" else "jsonl"


def _vector(source: Source, text: str, by_suffix: str) -> Literal["jsonl", "edn"]:
    inside = "".join(text.split())[1:3]
    if inside.startswith('{"') and by_suffix == "jsonl":
        raise HistoryError(
            f"{source.name}: it is one JSON array; write one event a line (jq -c '.[]')"
        )
    is_edn = inside.startswith("{:") or inside[:1] in {"#", ";", "("} or by_suffix == "edn"
    return "edn" if is_edn else "jsonl"


def _line_of(text: str) -> int:
    """Return the number of the first line that is not blank."""
    return text[: len(text) - len(text.lstrip())].count("\n") + 1
