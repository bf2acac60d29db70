"""JSON lines: one event a line, with Jepsen's keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from booking.errors import HistoryError
from booking.history.model import Event
from booking.history.reader import Line, Reader, placed, shape_of

CHUNK_BYTES = 1 << 20
DEPTH_MAX = 500  # brackets in brackets; how many an interpreter bears differs from one to the next
STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


class JsonlReader(Reader):
    """Reads a megabyte at a time, decodes it at once, and looks at lines only where that fails."""

    def lines(self) -> Iterator[tuple[int, list[Event]]]:
        """Return the events of each megabyte and the number of its first line."""
        shape: type[Line] | None = None
        line = 1
        for block, last in _blocks(self.path):
            if shape is None:
                shape = self._shape(block)
                decoder = msgspec.json.Decoder(shape)
            events: list[Event]
            count = block.count(b"\n")
            try:
                if _too_deep_somewhere(block, count):
                    raise RecursionError
                events = decoder.decode_lines(block)  # type: ignore[assignment]
                if len(events) < count:
                    raise msgspec.DecodeError  # blank lines: the numbers do not fit
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                for number, event in self._one_by_one(block, line, decoder, last):
                    yield number, [placed(event, shape, number)]
            else:
                if shape is not Line:
                    events = [
                        placed(event, shape, number)  # type: ignore[arg-type]
                        for number, event in enumerate(events, line)
                    ]
                yield line, events
            line += count

    def _shape(self, block: bytes) -> type[Line]:
        first = block.lstrip().split(b"\n", 1)[0]
        if _too_deep(first):
            return Line  # reading it will say what is wrong
        try:
            return shape_of(msgspec.json.decode(first))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Line

    def _one_by_one(
        self, block: bytes, start: int, decoder: msgspec.json.Decoder[Line], last: bool
    ) -> Iterator[tuple[int, Line]]:
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
                self.refuse(number, f"{_plain(error)}")
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                if unfinished:
                    self.cut_off(number)
                    return
                self.refuse(number, f"this is not JSON: {error}")


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
    for byte in STRING.sub(b"", row):
        depth += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, depth)
    return deepest > DEPTH_MAX


def _plain(error: msgspec.ValidationError) -> str:
    """Return where a field is wrong in words: msgspec names it `$.time`."""
    return (
        str(error)
        .replace(" - at `$.", " in `")
        .replace("Object missing", "there is no")
        .replace("there is no required field", "there is no")
    )


def _blocks(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Return a file in blocks of whole lines, and whether a block is the last."""
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
