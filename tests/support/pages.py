"""The pages of the documentation: their blocks of code, commands, links and prose."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

from tests.conftest import ROOT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"<!-- test: (\w+) ?(.*?) ?-->\n")
MARKERS = {"file", "needs", "output", "labels", "exits", "slow", "skip"}
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block, with the hidden markers that stand right above it."""

    page: str
    line: int
    language: str
    text: str
    markers: tuple[tuple[str, str], ...]

    def marker(self, name: str) -> str | None:
        """Return what a marker says, or None where the block has no such marker."""
        return dict(self.markers).get(name)

    @property
    def commands(self) -> list[str]:
        """Return the lines that a reader would type, without their comments."""
        typed = re.findall(r"^\$ (.*)$", self.text, re.MULTILINE)
        return [re.sub(r"\s+# .*", "", line) for line in typed]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Return every page of the documentation."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    return [*top, *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "changes").glob("*.md"))]


def name_of(page: Path) -> str:
    """Return a page's path from the root."""
    return str(page.relative_to(ROOT))


@cache
def blocks() -> list[Block]:
    """Return every fenced block of every page."""
    return [block for page in pages() for block in _blocks(page)]


def _blocks(page: Path) -> list[Block]:
    text = page.read_text()
    fenced = []
    for match in FENCE.finditer(text):
        above = re.search(r"((?:<!-- test: .*? -->\n)*)\Z", text[: match.start()])
        assert above is not None
        markers = tuple((marker[1], marker[2]) for marker in MARKER.finditer(above[1]))
        line = text.count("\n", 0, match.start()) + 1
        fenced.append(Block(name_of(page), line, match[1], match[2], markers))
    return fenced


def prose(text: str) -> str:
    """Return a page without code, comments and addresses; every line stays where it is."""

    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n")

    text = re.sub(r"^```.*?^```$", blank, text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->", blank, text, flags=re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "`code`", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"<?https?://\S+", "", text)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub writes them."""
    titles = HEADING.findall(re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def words(command: str) -> list[str]:
    """Split the first program call of a command line into its words."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(takewhile(lambda word: not re.fullmatch(r"[;|&<>]+", word), lexer))


def write_files(page: str, folder: Path) -> None:
    """Write every file that a page shows, and the files of the pages that it needs."""
    for block in blocks():
        if block.page != page:
            continue
        if needed := block.marker("needs"):
            write_files(needed, folder)
        if name := block.marker("file"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(block.text)
