"""What is public is documented, and what is documented is true."""

from __future__ import annotations

import inspect
import re
import shlex

import click
import pytest

from booking.cli.main import COMMANDS, booking
from booking.cli.options import SCENARIO_FLAGS, option_name
from booking.core.registry import BUILT_IN, resolve
from booking.core.scenario import Scenario, from_file
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
DOCS = "\n".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    """An undocumented command fails the build."""
    assert re.search(rf"`(booking )?{name}\b", README)


@pytest.mark.parametrize("kind", ["store", "lock", "guard"])
def test_every_store_lock_and_guard_is_in_the_readme_or_the_docs(kind: str) -> None:
    """By its name."""
    for name in BUILT_IN[kind]:
        assert f"`{name}`" in README + DOCS or f"={name}" in README + DOCS, name


@pytest.mark.parametrize("name", BUILT_IN["guard"])
def test_every_guard_says_what_it_does_needs_and_costs(name: str) -> None:
    """One line of pseudo-code, then the rest."""
    first, blank, *rest = (inspect.getdoc(resolve("guard", name)) or "").splitlines()
    assert re.search(r"[;=:]", first)
    assert blank == ""
    assert re.search(r"\bneeds\b.*\bcosts\b", " ".join(rest), re.IGNORECASE)


def lines() -> list[str]:
    """Give every command line of the README and the docs."""
    found = re.findall(r"^\$ (booking .*?)(?:\s+#.*)?$", README + DOCS, re.MULTILINE)
    assert len(found) > 8
    return found


@pytest.mark.parametrize("line", lines())
def test_every_command_line_in_the_docs_is_understood(line: str) -> None:
    """Its command and its flags exist."""
    words = shlex.split(line.split("|", maxsplit=1)[0].split("&&", maxsplit=1)[0])[1:]
    context = click.Context(booking)
    command = booking.get_command(context, words[0])
    assert command is not None
    command.make_context(words[0], words[1:])


def test_every_flag_of_a_sale_is_a_key_of_a_scenario() -> None:
    """And every key but a few is a flag."""
    flags = {option_name(option) for option in SCENARIO_FLAGS}
    assert set(Scenario.model_fields) - flags == {"title", "faults", "expect"}
    assert flags <= set(Scenario.model_fields)


def test_the_scenario_in_the_readme_is_one(tmp_path: object) -> None:
    """It can be copied."""
    text = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    path = ROOT / "README.md"
    path = type(path)(f"{tmp_path}/readme.toml")
    path.write_text(text[1])
    assert from_file(path).faults[0].before == "release"


def test_links_lead_somewhere() -> None:
    """Files that the docs point to exist."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
