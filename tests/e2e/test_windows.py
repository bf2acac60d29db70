"""On Windows `booking check` works, and every other command says so in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from booking.cli.main import COMMANDS, ON_WINDOWS
from tests.conftest import Program
from tests.support.systems import environment

WINDOWS = environment("windows")
SOLD_TWICE = """\
{"process": 1, "type": "invoke", "f": "buy", "value": null, "time": 1}
{"process": 2, "type": "invoke", "f": "buy", "value": null, "time": 2}
{"process": 1, "type": "ok", "f": "buy", "value": 1, "time": 3}
{"process": 2, "type": "ok", "f": "buy", "value": 1, "time": 4}
"""
EDN = "{:process 1, :type :invoke, :f :buy}\n{:process 1, :type :ok, :f :buy, :value 1}\n"
KEPT = ("verdict", "anomalies", "operations")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != ON_WINDOWS])
def test_a_command_that_needs_posix_says_what_works(fresh_program: Program, name: str) -> None:
    """Not an import that fails: exit code 2, and one line."""
    done = fresh_program(name, **WINDOWS)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"booking: booking {name} needs Linux or macOS; on Windows booking check works, and "
        "everything inside WSL\n"
    )


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("check", "--help")])
def test_help_works(fresh_program: Program, words: tuple[str, ...]) -> None:
    """So that the reader finds what works."""
    done = fresh_program(*words, **WINDOWS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "booking" in done.stdout


@pytest.mark.parametrize("explain", [(), ("--explain",)])
def test_a_history_is_checked_as_on_linux(
    fresh_program: Program, tmp_path: Path, explain: tuple[str, ...]
) -> None:
    """The same verdict, anomalies and exit code."""
    (tmp_path / "sale.jsonl").write_text(SOLD_TWICE)
    words = ("check", "sale.jsonl", "--tickets", "1", "--json", *explain)
    here, there = fresh_program(*words), fresh_program(*words, **WINDOWS)
    assert (there.returncode, there.stderr) == (here.returncode, "") == (1, "")
    ours, theirs = json.loads(here.stdout), json.loads(there.stdout)
    assert [theirs[key] for key in KEPT] == [ours[key] for key in KEPT]


def test_another_format_is_read(fresh_program: Program, tmp_path: Path) -> None:
    """And shown to people."""
    (tmp_path / "sale.edn").write_text(EDN)
    done = fresh_program("check", "sale.edn", "--tickets", "1", **WINDOWS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "VALID" in done.stdout


def test_wrong_use_of_check_is_one_line(fresh_program: Program) -> None:
    """As everywhere."""
    done = fresh_program("check", "missing.jsonl", **WINDOWS)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
