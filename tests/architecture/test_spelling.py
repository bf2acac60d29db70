"""The prose is spelt as the dictionary, the glossary and the house have it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import LIMIT_S, ROOT

pytest.importorskip("spellchecker", reason="`make check` installs the spell checker, and runs this")

from tests.support import spelling
from tests.support.spelling import code_prose, misspelt, package_prose, page_prose, scenario_prose

AVOIDED = ROOT / "docs/words-avoided.txt"


def codespell(*paths: Path | str) -> subprocess.CompletedProcess[str]:
    """Run codespell as `make check` does, on some paths."""
    return subprocess.run(
        [sys.executable, "-m", "codespell_lib", *map(str, paths)], cwd=ROOT, capture_output=True,
        text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip


def test_every_word_is_known() -> None:
    """In pages, docstrings, comments, messages and scenarios."""
    assert spelling.misspelt_words() == []


@pytest.mark.parametrize(
    "extract,source",
    [
        (page_prose, "A tikcet is sold.\n"),
        (page_prose, "| `store` | where the tikcet is |\n"),
        (page_prose, "```\ntikcte\n```\n\n- **a tikcet**: one unit\n"),
        (code_prose, '"""Sell a tikcet."""\n'),
        (
            code_prose,
            'def sell():\n    """Sell it::\n\n        tikcte\n\n    A tikcet is sold.\n    """\n',
        ),
        (code_prose, "x = 1  # a tikcet\n"),
        (code_prose, "x = 1  # noqa: A001 - a tikcet\n"),
        (package_prose, 'raise Sold(f"the last tikcet of {n} is gone")\n'),
        (scenario_prose, 'title = "a tikcet is sold"\n'),
    ],
)
def test_a_planted_typo_is_found(extract: Callable[..., object], source: str) -> None:
    """The check above can fail, wherever the typo stands, and finds nothing else."""
    assert [word for _, word in misspelt(extract(source))] == ["tikcet"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "code", ["`tikcet`", "sell_tikcet", "tikcet.py", "TikcetStore", "TIKCET", "tikcet2", "a/tikcet"]
)
def test_code_in_prose_is_exempt(code: str) -> None:
    """Names are not words."""
    assert list(misspelt(page_prose(f"It sells {code} once.\n"))) == []


def test_a_typo_is_named_with_its_line() -> None:
    """So that an editor can jump there."""
    assert list(misspelt(page_prose("One.\n\n```\nx\n```\n\nA tikcet.\n"))) == [(7, "tikcet")]


def test_the_pages_avoid_the_words_of_the_house_dictionary() -> None:
    """codespell's own dictionary and the house's, as `make check` runs them."""
    done = codespell(*(path for path in ROOT.glob("*.md")), "docs", "scenarios", "changes")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("word", ["whoever", "roster", "logbook", "wether", "dependancy"])
def test_a_planted_word_of_the_dictionaries_is_found(word: str, tmp_path: Path) -> None:
    """The check above can fail, for words that a plain dictionary accepts."""
    path = tmp_path / "page.md"
    path.write_text(f"It is {word} that waits.\n")
    done = codespell(path)
    assert done.returncode != 0
    assert f"{word} ==> " in done.stdout
    path.write_text(f"It is `{word}` that waits.\n")
    assert codespell(path).returncode == 0


def test_make_check_runs_both() -> None:
    """A check that is not run finds nothing."""
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    assert "/codespell" in recipe[1]
    assert "-m tests.support.spelling" in recipe[1]


def test_the_word_lists_are_in_order() -> None:
    """Sorted, each word once, and none in both."""
    accepted = spelling.ACCEPTED.read_text().splitlines()
    avoided = [line.partition("->")[0] for line in AVOIDED.read_text().splitlines()]
    assert accepted == sorted(set(accepted))
    assert avoided == sorted(set(avoided))
    assert not set(avoided) & spelling.own_words()


def test_the_glossary_is_in_order_and_brief() -> None:
    """Alphabetical, each term once, two lines at most."""
    entries = re.findall(r"^- \*\*(.+?)\*\*: (.*(?:\n  .*)*)", spelling.GLOSSARY.read_text(), re.M)
    terms = [term for term, _ in entries]
    assert len(terms) > 60
    assert terms == sorted(set(terms), key=str.lower)
    for term, meaning in entries:
        assert meaning.count("\n") <= 1, term
