"""What a terminal of 80 and of 120 columns shows, and that each command in it runs as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from booking.cli.main import main
from booking.report.terminal.console import console
from tests.support.golden import golden
from tests.support.screens import (
    SCREENS,
    WIDTHS,
    commands,
    masked,
    screen,
    too_wide,
    width_of,
    words,
)

SIMULATE = "simulate --buyers 3 --tickets 2 --schedule random --seed 3"
EXPLORE = "explore --buyers 3 --tickets 2"
LONG = "json:a-folder-with-a-rather-long-name/and-another-one-in-it/with-an-inventory.json"
REFUSED = """{"process": 1, "type": "invoke", "f": "buy", "value": null, "time": 1}
{"process": 1, "type": "fail", "f": "buy", "error": "busy", "time": 2}
"""
OTHER = "a witness whose buyers saw another count"


@dataclass(frozen=True)
class Case:
    """A command, its exit code, and those of the commands that it names."""

    command: str
    code: int
    named: dict[str, int] = field(default_factory=dict)
    before: tuple[str, ...] = ()  # commands that make its files


CASES = {
    "simulate-invalid": Case(
        f"{SIMULATE} --witness w.json --expect oversell", 0, {"cure": 0, "again": 1, "replay": 0}
    ),
    "simulate-valid": Case(f"{SIMULATE} --lock", 0, {"again": 0}),
    "simulate-unknown": Case(f"{SIMULATE} --lock --buyers 1", 3, {"again": 3}),
    "simulate-place": Case(f"{SIMULATE} --store {LONG}", 1, {"cure": 0, "again": 1}),
    "simulate-copies": Case(f"{SIMULATE} --store memory", 1, {"cure": 0, "again": 1}),
    "explore-invalid": Case(EXPLORE, 1, {"cure": 0, "again": 1, "replay": 0}),
    "explore-saved": Case(
        f"{EXPLORE} --names anna,ben,carl --quantity 1,2,1 --first --witness w.json", 1,
        {"cure": 0, "again": 1, "replay": 0},
    ),
    "explore-wide": Case(
        "explore --store json-inplace --search --buyers 2 --tickets 1 --names "
        "annabella-from-the-mountains,benjamin-from-the-sea --max-states 400 --method plain",
        1, {"cure": 0, "again": 1, "replay": 0},
    ),
    "explore-valid": Case(f"{EXPLORE} --lock", 0, {"again": 0}),
    "explore-unknown": Case(f"{EXPLORE} --lock --max-states 3", 3, {"again": 3}),
    "replay-same": Case(
        "replay w.json --times 2", 0, {"again": 0}, (f"{EXPLORE} --witness w.json",)
    ),
    "replay-other": Case("replay w.json", 3, {"again": 3}, (f"{EXPLORE} --witness w.json", OTHER)),
    "check-invalid": Case(
        "check h.jsonl", 1, {"explain": 1}, (f"{SIMULATE} --history h.jsonl",)
    ),
    "check-explained": Case(
        "check h.jsonl --explain", 1, {}, (f"{SIMULATE} --history h.jsonl",)
    ),
    "check-valid": Case(
        "check h.jsonl", 0, {}, (f"{SIMULATE} --lock --history h.jsonl",)
    ),
    "check-unknown": Case("check refused.jsonl --tickets 3", 3),
    "matrix-explored": Case(
        "matrix --stores json --guards none,lock --trials 1 --witnesses found", 0,
        {"oversell": 0, "double-sold": 0, "lost-update": 0, "again": 0},
    ),
    "buy-refused": Case(
        "buy --store json:d.json --buyer anna --quantity 3", 1, {},
        ("reset --store json:d.json --tickets 2",),
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the empty folder in which commands run; the longest path is there."""
    monkeypatch.chdir(tmp_path)
    Path(LONG.partition(":")[2]).parent.mkdir(parents=True)
    Path("refused.jsonl").write_text(REFUSED)
    yield tmp_path
    console.cache_clear()


def prepare(command: str) -> None:
    """Run a command that makes a file; or make a witness that no real process follows."""
    if command != OTHER:
        run(command)
        return
    path = Path("w.json")
    path.write_text(path.read_text().replace('"saw": 2', '"saw": 1').replace('"saw":2', '"saw":1'))


def run(command: str) -> int:
    """Run a command as a shell would."""
    console.cache_clear()
    return main(words(f"booking {command}"))


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", CASES)
def test_a_screen_reads_well(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    columns: int,
) -> None:
    """The verdict with its numbers, the table, why, and the commands to copy."""
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in CASES[name].before:
        prepare(command)
    capsys.readouterr()
    assert run(CASES[name].command) == CASES[name].code
    golden(screen(name, columns), masked(capsys.readouterr().out))


@pytest.mark.parametrize("name", CASES)
def test_every_command_of_a_screen_runs_as_it_says(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Copied from the screen, in the order in which they stand there."""
    case = CASES[name]
    shown = commands((SCREENS / screen(name, 80).partition("/")[2]).read_text())
    assert {label for label, _ in shown if label in case.named} == set(case.named)
    for command in case.before:
        prepare(command)
    run(case.command)
    codes = {label: run(line.partition(" ")[2]) for label, line in shown if label in case.named}
    assert codes == case.named, capsys.readouterr().out


FILES = sorted(path.name for path in SCREENS.iterdir())


@pytest.mark.parametrize("name", FILES)
def test_no_line_is_wider_than_the_terminal(name: str) -> None:
    """But a command, which is copied whole, and a word that has no room in any line."""
    path = SCREENS / name
    assert too_wide(path.read_text(), width_of(path)) == []


NARROW = [name for name in FILES if name.endswith("-80.txt")]


@pytest.mark.parametrize("name", NARROW)
def test_no_word_is_broken(name: str) -> None:
    """A screen of 80 columns has the words of one of 120, in the same order."""
    narrow, wide = (SCREENS / name, SCREENS / name.replace("-80", "-120"))
    assert _words(narrow.read_text()) == _words(wide.read_text())


@pytest.mark.parametrize("name", FILES)
def test_a_verdict_is_one_line_with_numbers(name: str) -> None:
    """Each report begins with it."""
    text = (SCREENS / name).read_text()
    verdicts = re.findall(r"^[✓✗?] [A-Z ]{4,}  .*\d.*$", text, re.MULTILINE)
    assert verdicts or name.startswith("buy")


@pytest.mark.parametrize("name", FILES)
def test_a_reason_has_two_lines_at_most(name: str) -> None:
    """At 80 columns, and at 120."""
    lines = (SCREENS / name).read_text().splitlines()
    for at, line in enumerate(lines):
        if line.startswith("  why "):
            more = [other for other in lines[at + 1 : at + 3] if other.startswith(" " * 8)]
            assert len(more) < 2, line


def test_every_screen_is_of_a_test() -> None:
    """None is left over."""
    sales = {f"sale-{name}" for name in ("oversold", "sound", "hung", "unknown", "many")}
    assert {name.rpartition("-")[0] for name in FILES} == {*CASES, *sales, "demo", "matrix"}


def _words(text: str) -> list[str]:
    """Return the words of a screen, but for its verdict and tables, which a width may shape."""
    text = re.sub(r"^[✓✗?] .*", "", text, flags=re.MULTILINE)
    tables = r"^  (json|sqlite|redis).*\n(.+\n)+\n|^ +\d+  .*$|^       \w.*$"
    return re.sub(tables, "", text, flags=re.MULTILINE).split()


def test_the_tests_above_can_fail() -> None:
    """A broken word, a wide line, and a command that was wrapped are seen."""
    assert _words("  why    it was bro\n         ken\n") != _words("  why    it was broken\n")
    assert too_wide("word " * 20, 80)
    assert too_wide("https://" + "x" * 80, 80) == []
    assert commands("  cure   x\n         booking a --b\n") == [("cure", "booking a --b")]
