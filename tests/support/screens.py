"""What a terminal of one width shows: golden files, and the commands in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.support.golden import FOLDER

WIDTHS = (80, 120)
SCREENS = FOLDER / "screens"
COMMAND = re.compile(r"^  ([a-z]*) *(booking [a-z]+( .*)?)$")
MASKS = (
    (re.compile(r"\d+\.\d+(?= s\b| ms\b| times\b)"), "#.#"),
    (re.compile(r"\d+(?= ms\b| tickets/s)"), "#"),
    (re.compile(r"(?<=#\.#) +(?=ms)"), " "),
)


def screen(name: str, columns: int) -> str:
    """Return the name of a golden file."""
    return f"screens/{name}-{columns}.txt"


def masked(text: str) -> str:
    """Return a text without the durations that it tells."""
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return re.sub(r"^ +#\.# ms", "   #.# ms", text, flags=re.MULTILINE)


def commands(text: str) -> list[tuple[str, str]]:
    """Return the commands to copy, each with its label: that of a line above, if it has none."""
    found, label = [], ""
    for line in text.splitlines():
        if labelled := re.match(r"^  ([a-z-]+)( |$)", line):
            label = labelled[1]
        if command := COMMAND.match(line):
            found.append((label, command[2]))
    return found


def words(command: str) -> list[str]:
    """Return the words behind the program's name."""
    return shlex.split(command)[1:]


def width_of(path: Path) -> int:
    """Return the width of a golden file."""
    return int(path.stem.rpartition("-")[2])


def too_wide(text: str, columns: int) -> list[str]:
    """Return the lines wider than the terminal that could be broken: no command, several words."""
    return [
        line
        for line in text.splitlines()
        if len(line) > columns and not COMMAND.match(line) and len(line.split()) > 1
    ]
