"""JSON lines: one event a line, with Jepsen's keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar, cast

import msgspec

from booking.history.model import Event
from booking.history.reader import Line, Loose, Reader

DEPTH_MAX = 500  # brackets in brackets; how many an interpreter bears differs from one to the next
_LINES = msgspec.json.Decoder(Line)
_LOOSE = msgspec.json.Decoder(Loose)
_Shape = TypeVar("_Shape", Line, Loose)
_BRACKET = re.compile(rb"[\[\]{}]")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


class JsonlReader(Reader):
    """Reads a megabyte at a time, and decodes its lines one by one only where that is needed."""

    def lines(self) -> Iterator[tuple[int, list[Event]]]:
        """Yield the events of each megabyte, and the number of its first line."""
        line = 1
        for block, last in self.source.blocks():
            count = block.count(b"\n")
            complete = None if self._timed is False else _decode_at_once(block, _LINES, count)
            if complete is not None and self.are_complete(complete):
                yield line, cast("list[Event]", complete)
            elif (loose := _decode_at_once(block, _LOOSE, count)) is not None:
                yield line, [self.placed(event, number) for number, event in enumerate(loose, line)]
            else:
                for number, event in self._decode_line_by_line(block, line, last):
                    yield number, [self.placed(event, number)]
            line += count

    def _decode_line_by_line(
        self, block: bytes, start: int, last: bool
    ) -> Iterator[tuple[int, Loose]]:
        """Yield each event with its line; refuse the first line that is wrong."""
        rows = block.split(b"\n")
        for number, row in enumerate(rows, start):
            if not row.strip():
                continue
            unfinished = last and number == start + len(rows) - 1  # no line's end behind it
            if _too_deep(row):
                self.refuse(number, "this is nested too deeply")
            try:
                yield number, _LOOSE.decode(row)
            except msgspec.ValidationError as error:
                self.refuse(number, _in_words(error))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                if unfinished:
                    self.cut_off(number)
                    return
                self.refuse(number, f"this is not JSON: {error}")


def _decode_at_once(
    block: bytes, decoder: msgspec.json.Decoder[_Shape], count: int
) -> list[_Shape] | None:
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
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", row)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEPTH_MAX:
            return True
    return False


def _in_words(error: msgspec.ValidationError) -> str:
    """Return which field is wrong, in words: msgspec names it `$.time`."""
    return (
        str(error)
        .replace(" - at `$.", " in `")
        .replace("Object missing", "there is no")
        .replace("there is no required field", "there is no")
    )
