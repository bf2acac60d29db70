"""The shape of every report: verdict, figures, table, why, and the commands to copy.

1. The verdict in one line, with its numbers.
2. Labelled lines and tables. Labels of one report share a column; sentences break between words.
3. A command stands whole on one line, behind its label or below it, however long it is: a terminal
   breaks it, and what is copied from there is one line still.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text

from booking.core.printable import printable
from booking.core.verdict import Outcome
from booking.report.terminal.console import console
from booking.report.terminal.wrapping import cells, padded, prose_columns, wrapped

SIGNS = {Outcome.VALID: "✓", Outcome.INVALID: "✗", Outcome.UNKNOWN: "?"}
COLOURS = {Outcome.VALID: "green", Outcome.INVALID: "red", Outcome.UNKNOWN: "yellow"}
INDENT = "  "
GAP = "  "
EDGE = INDENT * 2  # before a command that has no room behind its label
MARK = re.compile(r"  ✗ .*$")
LABEL_MIN = 8  # so that short reports look alike
TEXT_MAX = 1000  # characters: a stranger's error can be a whole page


@dataclass(frozen=True, slots=True)
class Line:
    """A text behind its label; it is broken between words."""

    label: str
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command to copy, and above it what it is for, where the label does not tell."""

    label: str
    command: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand as they are, between empty lines: a table, a diagram."""

    lines: Sequence[Text]
    title: str = ""


Part = Line | Command | Block


def show_verdict(outcome: Outcome, names: Iterable[str], numbers: str, word: str = "") -> None:
    """Print an outcome in one line: its anomalies as far as there is room, and its numbers."""
    title = f"{SIGNS[outcome]} {word or outcome.upper()}"
    room = _columns() - cells(title) - len(GAP)
    text = _named(list(dict.fromkeys(map(printable, names))), printable(numbers), room)
    for line in wrapped(text, _columns(), f"{title}{GAP}", INDENT):
        shown = Text(line)
        shown.highlight_regex(f"^{re.escape(title)}", f"bold {COLOURS[outcome]}")
        _print(shown)


def show_parts(parts: Sequence[Part]) -> None:
    """Print the parts of a report, their labels in one column.

    Above the first one, around each block, and above the commands is an empty line.
    """
    labels = [part.label for part in parts if not isinstance(part, Block)]
    width = max([LABEL_MIN, *map(cells, labels)])
    before: type[Part] | None = None
    for part in parts:
        if isinstance(part, Block) or (type(part) is not before and before is not Command):
            _print(Text())
        before = type(part)
        for line in _lines(part, width):
            _print(line)


def show_paragraph(text: str, first: str = "", style: str = "") -> None:
    """Print a text, broken between words; a mark at its end stands out."""
    for line in wrapped(shortened(printable(text)), _columns(), first):
        shown = Text(line, style)
        shown.highlight_regex(MARK, "bold red")
        _print(shown)


def table(
    rows: Sequence[Sequence[str | Text]],
    styles: Sequence[str] = (),
    right: int = 0,
    indent: str = INDENT,
) -> list[Text]:
    """Return the lines of a table, each with its style; the first `right` columns end flush."""
    texts = [[_cell(cell) for cell in row] for row in rows]
    widths = [max(cells(cell.plain) for cell in column) for column in zip(*texts, strict=True)]
    lines = []
    for at, row in enumerate(texts):
        line = Text(indent, styles[at] if at < len(styles) else "")
        for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cells(cell.plain))
            line.append(GAP if number else "")
            line.append_text(Text(space) + cell if number < right else cell + Text(space))
        line.rstrip()
        lines.append(line)
    return lines


def _cell(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(printable(cell))


def fits(lines: Iterable[Text]) -> bool:
    """Return whether a table is no wider than the terminal."""
    return all(cells(line.plain) <= console().width for line in lines)


def shortened(text: str, most: int = TEXT_MAX) -> str:
    """Return a text without its middle, where it is too long to be read."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]} … {text[-most // 2 :]}"


def _lines(part: Part, width: int) -> list[Text]:
    if isinstance(part, Block):
        title = [Text(line) for line in _title_lines(part.title)]
        return [*title, *part.lines]
    label = f"{INDENT}{padded(part.label, width)}{GAP}"
    if isinstance(part, Line):
        return _labelled(label, wrapped(shortened(printable(part.text)), _columns(), label), part)
    return _labelled(label, _command_lines(part, label), part)


def _command_lines(part: Command, label: str) -> list[str]:
    """Return the purpose of a command and the command: near the edge where it needs the room."""
    command = printable(part.command)
    text = printable(part.purpose)
    if cells(label) + cells(command) > console().width:
        above = wrapped(text, _columns(), label)
        return [*above, EDGE + command]
    if not text:
        return [label + command]
    return [*wrapped(text, _columns(), label), " " * cells(label) + command]


def _labelled(label: str, lines: Sequence[str], part: Line | Command) -> list[Text]:
    """Return lines with a dim label; a command stands out."""
    texts = [Text(line, part.style if isinstance(part, Line) else "") for line in lines]
    texts[0].stylize("dim", 0, len(label))
    if isinstance(part, Command):
        texts[-1].stylize("cyan", len(lines[-1]) - len(printable(part.command)))
    return texts


def _title_lines(title: str) -> list[str]:
    return wrapped(printable(title), _columns(), INDENT) if title else []


def _named(names: Sequence[str], numbers: str, room: int) -> str:
    """Return names and numbers, with as many of the names as there is room for."""
    if not names:
        return numbers
    for shown in range(len(names), 0, -1):
        left = len(names) - shown
        text = ", ".join(names[:shown]) + (f" and {left} more" if left else "")
        text += f": {numbers}" if numbers else ""
        if cells(text) <= room:
            break
    return text


def _columns() -> int:
    return prose_columns(console().width)


def _print(line: Text) -> None:
    console().print(line, soft_wrap=True)
