"""Spell the prose of pages, code and scenarios: `python -m tests.support.spelling`.

Prose in code is docstrings and comments, and in the package messages, too. A word passes when the
English dictionary, the glossary or `docs/words.txt` has it. Code is exempt: what stands in
backticks or in a block, and what looks like a name, a path or a number.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from spellchecker import SpellChecker

from tests.conftest import ROOT
from tests.support.pages import pages, prose

GLOSSARY = ROOT / "docs/glossary.md"
ACCEPTED = ROOT / "docs/words.txt"
LETTERS_MIN = 3  # below it are units and abbreviations
CODE = re.compile(r"[\w./:-]*[\d_/=@\\<>{}()\[\]*+$%^~#|&][\w./:=@-]*|\w*(\.\w+)+|-+\w+")
OTHER_LANGUAGE = re.compile(
    r"redis\.call|KEYS\[|CREATE TABLE|from pg_"
)  # a string that is a program
MESSAGE = re.compile(r"[a-z]{2,} [a-z]+ [a-z]{2,}")
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
NAME = re.compile(r".+[A-Z]|.*[^\x00-\x7f’]")  # capitals inside, or letters of another alphabet
Lines = Iterator[tuple[int, str]]


def misspelt_words() -> list[tuple[str, int, str]]:
    """Return each misspelt word of the repository with its file and line."""
    kinds = [
        (page_prose, pages()),
        (scenario_prose, (ROOT / "scenarios").glob("*.toml")),
        (code_prose, [path for name in ("tests", "benchmarks") for path in _modules(name)]),
        (package_prose, _modules("booking")),
    ]
    return sorted(
        (str(path.relative_to(ROOT)), line, word)
        for extract, paths in kinds
        for path in paths
        for line, word in misspelt(extract(path.read_text()))
    )


def _modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def misspelt(extracted: Lines) -> Lines:
    """Yield each misspelt word of some prose with its line."""
    for start, text in extracted:
        for number, line in enumerate(text.splitlines(), start):
            for word in words(line):
                if not is_known(word):
                    yield number, word


def words(line: str) -> Iterator[str]:
    """Yield the words of a line that are prose."""
    line = re.sub(r"`[^`]*`|https?://\S+|\"[^\" ]*[_:/.][^\" ]*\"", " ", line)
    for token in re.split(r"[\s,;!?\"“”…·→|]+", line):
        plain = token.strip(".:()[]*'’<>–—")
        if CODE.fullmatch(plain):
            continue
        for word in WORD.findall(plain):
            if len(word.removesuffix("'s")) >= LETTERS_MIN and not NAME.match(word):
                yield word


def is_known(word: str) -> bool:
    """Return whether a word is English, or one of the project's own."""
    lower = word.lower().replace("’", "'").removesuffix("'s")
    return lower in own_words() or bool(_dictionary().known([lower]))


@cache
def _dictionary() -> SpellChecker:
    return SpellChecker()


@cache
def own_words() -> frozenset[str]:
    """Return the words of the glossary and the accepted ones, with their plurals."""
    terms = re.findall(r"^- \*\*(.+?)\*\*:", GLOSSARY.read_text(), re.MULTILINE)
    own = {word.lower() for term in terms for word in WORD.findall(term)}
    own |= {word.lower() for word in ACCEPTED.read_text().split()}
    return frozenset(own | {f"{word}s" for word in own})


def page_prose(source: str) -> Lines:
    """Yield the prose of a page."""
    yield 1, prose(source)


def scenario_prose(source: str) -> Lines:
    """Yield the comments and the title of a scenario."""
    for number, line in enumerate(source.splitlines(), 1):
        if match := re.match(r"# (.*)|title = \"(.*)\"", line):
            yield number, match[1] or match[2]


def code_prose(source: str) -> Lines:
    """Yield the docstrings and comments of a module."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, "\n".join(_without_blocks(text))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], re.sub(r"# ?(noqa|type|fmt)\b[^#-]*", "", token.string)


def package_prose(source: str) -> Lines:
    """Yield the docstrings, the comments and the messages of a module."""
    yield from code_prose(source)
    tree = ast.parse(source)
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_message = MESSAGE.search(node.value) and not OTHER_LANGUAGE.search(node.value)
            if is_message and id(node) not in documented:
                yield node.lineno, node.value


def _without_blocks(docstring: str) -> Iterator[str]:
    """Yield the lines of a docstring; those of a literal block, which `::` begins, are blank."""
    inside = False
    for line in docstring.splitlines():
        inside = inside and (not line or line.startswith(" "))
        yield "" if inside else line
        inside = inside or line.endswith("::")


def main() -> int:
    """Print each misspelt word with its place and what may be meant."""
    misspellings = misspelt_words()
    for name, line, word in misspellings:
        meant = _dictionary().correction(word.lower())
        hint = f"; {meant}?" if meant and meant != word.lower() else ""
        print(f"{name}:{line}: {word}{hint}")
    if misspellings:
        file = ACCEPTED.relative_to(ROOT)
        print(f"{len(misspellings)} unknown words: correct them, or add a term to {file}")
    return 1 if misspellings else 0


if __name__ == "__main__":
    sys.exit(main())
