"""What is public is documented, and what is documented is true."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import click
import pytest

import booking
import booking.testing
from booking import BaseGuard, BaseStore
from booking.cli.main import COMMANDS
from booking.cli.main import booking as program_group
from booking.core import capabilities
from booking.core.flags import FLAGS
from booking.core.registry import BUILT_IN, METHODS, resolve
from booking.core.scenario import Expect, Fault, Scenario, from_file
from booking.core.traits import GuardTraits, LockTraits, StoreTraits
from booking.core.verdict import AnomalyName
from booking.errors import ExitCode
from booking.history.actions import Action
from booking.testing.plugin_options import OPTIONS
from booking.testing.races import RaceOptions
from tests.conftest import ROOT
from tests.support.pages import MARKERS, anchors, blocks, name_of, pages, words

Program = Callable[..., subprocess.CompletedProcess[str]]

README = (ROOT / "README.md").read_text()
REFERENCE = {path.name: path.read_text() for path in (ROOT / "docs/reference").glob("*.md")}
COMMAND_LINE = REFERENCE["command-line.md"]
COMPUTED = {"snapshots", "staffed"}  # follow from a variant's methods
README_LINES_MAX = 180
PATH = re.compile(r"`((?:booking|docs|scenarios|tests|benchmarks|changes)/[\w./-]*)`")
CAPABILITIES = [
    name
    for name, one in vars(capabilities).items()
    if re.search(r"(Store|Pool)$", name) and inspect.isclass(one)
]


def command_of(name: str) -> click.Command:
    """Import one command."""
    command = program_group.get_command(click.Context(program_group), name)
    assert command is not None
    return command


def section(name: str) -> str:
    """Return a command's part of the reference."""
    match = re.search(rf"^## ([\w, ]*\b{name}\b.*?)(?=^## |\Z)", COMMAND_LINE, re.M | re.S)
    assert match is not None, f"docs/reference/command-line.md has no section {name}"
    return match[1]


def options(command: click.Command) -> set[str]:
    """Return the long options of a command."""
    spellings = [spelling for one in command.params for spelling in one.opts + one.secondary_opts]
    return {spelling for spelling in spellings if spelling.startswith("--")} - {"--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    """An undocumented command fails the build."""
    assert re.search(rf"`(booking )?{name}\b", README)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_has_every_option_of_a_command_and_no_other(name: str) -> None:
    """An undocumented option fails the build, and so does one that was removed."""
    documented = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section(name)))
    actual = options(command_of(name))
    assert actual - documented == set()
    assert documented - actual - {"--help", "--self"} == set()


def test_the_reference_has_every_exit_code() -> None:
    """The table and the program agree."""
    table = re.search(r"^## Exit codes\n(.*?)^## ", COMMAND_LINE, re.M | re.S)
    assert table is not None
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", table[1], re.M)}
    assert documented == set(map(int, ExitCode))


@pytest.mark.parametrize("kind", ["store", "lock", "guard"])
def test_every_variant_has_a_row_in_its_reference(kind: str) -> None:
    """By its name, in the table."""
    rows = "\n".join(re.findall(r"^\|.*", REFERENCE[f"{kind}s.md"], re.M))
    for name in BUILT_IN[kind]:
        assert f"`{name}`" in rows, name


@pytest.mark.parametrize("name", BUILT_IN["guard"])
def test_every_guard_says_what_it_does_needs_and_costs(name: str) -> None:
    """One line of pseudo-code, then the rest."""
    first, blank, *rest = (inspect.getdoc(resolve("guard", name)) or "").splitlines()
    assert re.search(r"[;=:]", first)
    assert blank == ""
    assert re.search(r"\bneeds\b.*\bcosts\b", " ".join(rest), re.IGNORECASE)


@pytest.mark.parametrize("name", CAPABILITIES)
def test_the_reference_has_every_capability_with_its_methods(name: str) -> None:
    """So that a store's author sees all of them."""
    row = re.search(rf"^\| `{name}` \|.*", REFERENCE["protocols.md"], re.M)
    assert row is not None
    for method in [one for one in vars(getattr(capabilities, name)) if not one.startswith("_")]:
        assert f"`{method}`" in row[0], method


def test_the_reference_has_every_method_that_a_variant_must_have() -> None:
    """The registry refuses a variant without them."""
    for kind in ("store", "lock", "guard"):
        for method in METHODS[kind]:
            assert re.search(rf"^\| `{method}\(", REFERENCE["protocols.md"], re.M), method


@pytest.mark.parametrize("name", AnomalyName)
def test_the_reference_has_every_anomaly(name: AnomalyName) -> None:
    """With what it means."""
    assert f"| `{name}` |" in REFERENCE["verdicts.md"]


@pytest.mark.parametrize("model", [Scenario, Fault, Expect])
def test_the_reference_has_every_key_of_a_scenario(model: type[Scenario]) -> None:
    """A key without a row fails the build."""
    for key in set(model.model_fields) - {"faults", "expect"}:
        assert re.search(rf"^\|[^|]*`{key}`", REFERENCE["scenarios.md"], re.M), key


def test_the_reference_has_every_key_of_the_document_of_a_sale(program: Program) -> None:
    """Scripts rely on them."""
    document = json.loads(program("simulate", "--buyers", "2", "--lock", "--json").stdout)
    for key in [*document, *document["processes"]]:
        assert f"`{key}`" in REFERENCE["json.md"], key


@pytest.mark.parametrize("module", [booking, booking.testing])
def test_the_reference_has_every_public_name(module: ModuleType) -> None:
    """What is exported is explained."""
    for name in module.__all__:
        assert re.search(rf"`{name}\b", REFERENCE["python.md"]), name


@pytest.mark.parametrize("record", [StoreTraits, LockTraits, GuardTraits])
def test_the_reference_has_every_fact_of_a_variant(record: type[StoreTraits]) -> None:
    """A fact without a row fails the build."""
    for field in fields(record):
        if field.name not in COMPUTED:
            assert re.search(rf"^\|[^|]*`{field.name}`", REFERENCE["protocols.md"], re.M), (
                field.name
            )


def test_the_reference_has_every_optional_method_of_a_variant() -> None:
    """The base classes have them all."""
    for base in (BaseStore, BaseGuard):
        for name in vars(base).keys() - {"needs"}:
            if not name.startswith("_"):
                assert re.search(rf"^\| `{name}\(", REFERENCE["protocols.md"], re.M), name


def test_the_reference_has_every_action() -> None:
    """Each word that a step may announce."""
    for action in Action:
        assert f"`{action}`" in REFERENCE["steps.md"], action


def command_lines() -> list[tuple[str, str]]:
    """Return every command line of the program in the pages, with its place."""
    lines = [
        (str(block), line)
        for block in blocks()
        for line in block.commands
        if block.language == "console" and line.startswith("booking ")
    ]
    assert len(lines) > 50
    return lines


@pytest.mark.parametrize("place,line", command_lines())
def test_every_command_line_is_understood(place: str, line: str) -> None:
    """Its command and its options exist."""
    name, *rest = words(line)[1:]
    with command_of(name).make_context(name, rest):
        pass


def test_a_mistyped_command_line_is_not_understood() -> None:
    """The check above can fail."""
    with pytest.raises(click.NoSuchOption):
        command_of("simulate").make_context("simulate", words("booking simulate --bayers 3")[2:])


def test_every_flag_of_a_sale_is_a_key_of_a_scenario() -> None:
    """And every key but a few is a flag."""
    named = set(FLAGS)
    assert set(Scenario.model_fields) - named == {"title", "faults", "expect"}
    assert named <= set(Scenario.model_fields)
    assert {f"--{name.replace('_', '-')}" for name in named} <= options(command_of("simulate"))


def test_every_scenario_in_the_pages_is_one(tmp_path: Path) -> None:
    """It can be copied."""
    shown = [block for block in blocks() if block.language == "toml" and not block.marker("skip")]
    assert shown
    for block in shown:
        path = tmp_path / "shown.toml"
        path.write_text(block.text)
        assert from_file(path).title


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """The file exists, and so does the heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


def test_every_page_that_the_code_names_exists() -> None:
    """Messages, help texts and docstrings point to pages."""
    for module in (ROOT / "booking").rglob("*.py"):
        for page in re.findall(r"\bdocs/[\w/.-]+\.md", module.read_text()):
            assert (ROOT / page).exists(), f"{module}: {page}"


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """A moved module takes its mentions along."""
    for path in PATH.findall(page.read_text()):
        assert (ROOT / path).exists(), path


def test_every_page_is_on_the_map() -> None:
    """A page that no reader finds is of no use."""
    pages_linked = re.findall(r"\]\(([\w/-]+\.md)\)", (ROOT / "docs/README.md").read_text())
    actual = {name_of(page).removeprefix("docs/") for page in (ROOT / "docs").rglob("*.md")}
    assert sorted(pages_linked) == sorted(actual - {"README.md"})


def test_the_readme_stays_short() -> None:
    """It opens with the running example, and everything else is a page."""
    assert len(README.splitlines()) <= README_LINES_MAX
    assert "$ booking simulate" in README[:200]


def test_every_marker_is_known_and_every_skip_has_a_reason() -> None:
    """A mistyped marker would silently test nothing."""
    for block in blocks():
        assert {name for name, _ in block.markers} <= MARKERS, str(block)
        assert block.marker("skip") != "", str(block)
    text = "".join(page.read_text() for page in pages())
    attached = sum(len(block.markers) for block in blocks())
    assert len(re.findall(r"^<!-- test:", text, re.M)) == attached


def test_the_reference_has_every_option_of_the_pytest_plugin() -> None:
    """Flags, keys of the ini file, options of a race, properties: each has its place on a page."""
    page = REFERENCE["pytest.md"]
    flags = {f"--booking-{name.replace('_', '-')}" for name in [*OPTIONS, "allow_unknown"]}
    assert flags == set(re.findall(r"--booking-[a-z-]+", page)) - {"--booking-"}
    for name in RaceOptions.__annotations__:
        assert f"| `{name}` |" in page, name
