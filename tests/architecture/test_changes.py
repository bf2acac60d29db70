"""News fragments can be collected: their names, their kinds, and the place where they go."""

from __future__ import annotations

import re
import tomllib

from tests.conftest import ROOT

CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["towncrier"]
KINDS = [kind["directory"] for kind in CONFIGURATION["type"]]
NAME = re.compile(rf"\+?[\w-]+\.({'|'.join(KINDS)})(\.\d+)?\.md")


def test_every_fragment_has_a_kind_and_a_text() -> None:
    """A misnamed fragment would be left out of the changelog, without a word."""
    folder = ROOT / CONFIGURATION["directory"]
    for path in folder.iterdir():
        if path.name != "README.md":
            assert NAME.fullmatch(path.name), path.name
            assert path.read_text().strip(), path.name


def test_a_misnamed_fragment_would_be_noticed() -> None:
    """The check above can fail."""
    assert NAME.fullmatch("+rooms.changed.md")
    assert not NAME.fullmatch("+rooms.changes.md")
    assert not NAME.fullmatch("rooms.md")


def test_the_changelog_has_the_place_where_news_goes() -> None:
    """Once, above all releases."""
    text = (ROOT / CONFIGURATION["filename"]).read_text()
    assert text.count(CONFIGURATION["start_string"]) == 1
    assert text.index(CONFIGURATION["start_string"]) < text.index("\n## ")


def test_every_kind_is_explained() -> None:
    """The folder's page lists them."""
    page = (ROOT / "changes/README.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == KINDS
