"""Break lines between words, as wide as the terminal; a word is never broken."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TextIO

COLUMNS = 80  # of output that is no terminal, unless the environment names another number
COLUMNS_MIN = 40
COLUMNS_MAX = 120  # of prose: longer lines are hard to read


def columns_of(stream: TextIO | None = None) -> int:
    """Return how many columns an output has; `COLUMNS` in the environment wins."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and 0 < int(given) <= 10_000:
        return int(given)
    stream = sys.stdout if stream is None else stream
    try:
        return os.get_terminal_size(stream.fileno()).columns or COLUMNS
    except (OSError, ValueError):  # no terminal, or no file
        return COLUMNS


def prose_columns(columns: int) -> int:
    """Return how many of the columns a sentence uses."""
    return max(COLUMNS_MIN, min(columns, COLUMNS_MAX))


def cells(text: str) -> int:
    """Return how many columns a text takes: two for a wide character, none for a combined one."""
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def padded(text: str, width: int) -> str:
    """Return a text filled up with spaces to a number of columns."""
    return text + " " * (width - cells(text))


def wrapped(text: str, columns: int, first: str = "", rest: str | None = None) -> list[str]:
    """Return the lines of a text: `first` stands before the first one, `rest` before the others.

    A line is broken at spaces only. So a word that is wider than a line stays whole, on a line of
    its own: an address that was broken could not be copied.
    """
    rest = " " * cells(first) if rest is None else rest
    words = _words(text)
    lines, line = [], first + next(words, "")
    for word in words:
        if cells(line) + 1 + cells(word) <= columns:
            line += f" {word}"
        else:
            lines.append(line.rstrip())
            line = rest + word
    return [*lines, line.rstrip()]


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text; a run of spaces belongs to the word before it."""
    held = ""
    for word in text.split(" "):
        if held and word:
            yield held
            held = word
        else:
            held = f"{held} {word}" if held else word
    yield held


def _cells_of(character: str) -> int:
    import unicodedata  # a library of its own: an error of a lack of memory must not need it

    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
