"""The pages follow the rules of prose (CONTRIBUTING.md, Prose)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_prose import HIDDEN_ACTORS, SENTENCE_WORDS_MAX
from tests.conftest import ROOT
from tests.support.pages import name_of, pages, prose

SCENARIOS = sorted((ROOT / "scenarios").glob("*.toml"))
LISTED = re.compile(r"^(\s*([-*]|\d+\.) .*|#.*|\|.*)?$")  # begins a paragraph of its own


def problems(text: str) -> list[str]:
    """Return one line for each breach of a rule in a page's prose."""
    breaches = []
    for line, paragraph in _paragraphs(text):
        if match := HIDDEN_ACTORS.search(paragraph):
            breaches.append(f"{line}: names no actor ({match[0]}): buyer, process, caller?")
        for sentence in re.split(r"(?<=[.;:!?])\s+", paragraph):
            words = len(re.findall(r"\w[^\s]*", sentence))
            if words > SENTENCE_WORDS_MAX:
                breaches.append(f"{line}: a sentence of {words} words: {sentence[:50]!r} …")
    return breaches


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield each paragraph, list item, heading and cell with its line."""
    start, lines = 1, [""]
    for number, line in enumerate(text.splitlines(), 1):
        if LISTED.match(line):
            yield start, " ".join(lines)
            start, lines = number, []
        if line.startswith("|"):
            yield from ((number, cell) for cell in line.split("|"))
        else:
            lines.append(line.strip())
    yield start, " ".join(lines)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_page_follows_the_rules(page: Path) -> None:
    """No sentence hides its actor or runs on."""
    assert problems(prose(page.read_text())) == []


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_comments_of_a_scenario_follow_the_rules(path: Path) -> None:
    """They are what a learner reads first."""
    lines = re.findall(r"^(?:# |title = \")(.*?)\"?$", path.read_text(), re.MULTILINE)
    assert problems(" ".join(lines[:-1])) + problems(lines[-1]) == []


@pytest.mark.parametrize(
    "text",
    ["Nobody waits.", "| step | who |\n| send | his |", f"- {'word ' * 40}.", "A\n\nhe does"],
)
def test_each_rule_can_fail(text: str) -> None:
    """A planted breach of each rule is found."""
    assert len(problems(text)) == 1


def test_code_and_names_are_exempt() -> None:
    """The user `nobody` is one."""
    assert problems(prose("It runs as the user `nobody`.\n\n```\nwhoever\n```\n")) == []
