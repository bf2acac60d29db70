"""JSON lines: one event a line, with Jepsen's keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec

from booking.errors import HistoryError
from booking.history.model import Event
from booking.history.reader import Line, Reader, placed, shape_of

CHUNK_BYTES = 1 << 20
DEPTH_MAX = 500  # brackets in brackets; how many an interpreter bears differs from one to the next
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


class JsonlReader(Reader):
    """Reads a megabyte at a time, and decodes its lines one by one only where that is needed."""

    def lines(self) -> Iterator[tuple[int, list[Event]]]:
        """Yield the events of each megabyte, and the number of its first line."""
        shape: type[Line] | None = None
        line = 1
        for block, last in _blocks(self.path):
            if shape is None:
                shape = _shape(block)
                decoder = msgspec.json.Decoder(shape)
            count = block.count(b"\n")
            events = _decode_at_once(block, decoder, count)
            if events is None:
                for number, event in self._decode_line_by_line(block, line, decoder, last):
                    yield number, [placed(event, shape, number)]
            elif shape is Line:
                yield line, cast("list[Event]", events)
            else:
                numbered = enumerate(events, line)
                yield line, [placed(event, shape, number) for number, event in numbered]
            line += count

    def _decode_line_by_line(
        self, block: bytes, start: int, decoder: msgspec.json.Decoder[Line], last: bool
    ) -> Iterator[tuple[int, Line]]:
        """Yield each event with its line; refuse the first line that is wrong."""
        rows = block.split(b"\n")
        for number, row in enumerate(rows, start):
            if not row.strip():
                continue
            unfinished = last and number == start + len(rows) - 1  # no line's end behind it
            if _too_deep(row):
                self.refuse(number, "this is nested too deeply")
            try:
                yield number, decoder.decode(row)
            except msgspec.ValidationError as error:
                self.refuse(number, _in_words(error))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                if unfinished:
                    self.cut_off(number)
                    return
                self.refuse(number, f"this is not JSON: {error}")


def _shape(block: bytes) -> type[Line]:
    """Choose the shape of lines by the first; what is wrong with it is named when it is read."""
    first = block.lstrip().split(b"\n", 1)[0]
    if _too_deep(first):
        return Line
    try:
        return shape_of(msgspec.json.decode(first))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Line


def _decode_at_once(
    block: bytes, decoder: msgspec.json.Decoder[Line], count: int
) -> list[Line] | None:
    """Decode a whole block, several times as fast as line by line.

    Returns None where some line is wrong, or is blank so that numbers and lines do not agree.
    """
    if _too_deep_somewhere(block, count):
        return None
    try:
        events = decoder.decode_lines(block)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return events if len(events) >= count else None


def _too_deep_somewhere(block: bytes, lines: int) -> bool:
    """Return whether a line is nested too deeply; count first, since almost none can be."""
    if block.count(b"[") + block.count(b"{") - lines <= DEPTH_MAX:
        return False
    return any(_too_deep(row) for row in block.split(b"\n"))


def _too_deep(row: bytes) -> bool:
    """Return whether more than `DEPTH_MAX` brackets are open at once, outside of strings."""
    if row.count(b"[") + row.count(b"{") <= DEPTH_MAX:
        return False
    depth = deepest = 0
    for byte in _STRING.sub(b"", row):
        depth += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, depth)
    return deepest > DEPTH_MAX


def _in_words(error: msgspec.ValidationError) -> str:
    """Return which field is wrong, in words: msgspec names it `$.time`."""
    return (
        str(error)
        .replace(" - at `$.", " in `")
        .replace("Object missing", "there is no")
        .replace("there is no required field", "there is no")
    )


def _blocks(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Yield a file in blocks of whole lines, and whether a block is the last."""
    rest = b""
    try:
        with path.open("rb") as file:
            while block := file.read(CHUNK_BYTES):
                end = block.rfind(b"\n") + 1
                if end == 0:
                    rest += block
                    continue
                whole, rest = rest + block[:end], block[end:]
                yield whole, False
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror or error}") from error
    if rest:
        yield rest, True
