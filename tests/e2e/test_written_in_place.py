"""A named inventory that is written in place can be lost; the user is told before it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Program

WARNING = (
    "booking: warning: json-inplace:data.json is written in place: a kill, a crash or a full disk "
    "can leave it empty or half-written, without its other keys; use a copy, or --store json:…\n"
)
WRITERS = [
    ("simulate", "--buyers", "1", "--store"), ("buy", "--store"),
    ("reset", "--tickets", "2", "--store"),
]  # fmt: skip


@pytest.mark.parametrize("words", WRITERS, ids=lambda words: words[0])
def test_each_command_that_writes_it_warns_in_one_line(
    program: Program, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """On standard error, and the command goes on; a file that is replaced needs no warning."""
    (tmp_path / "data.json").write_text('{"ticket_num": 3, "mine": 1}')
    done = program(*words, "json-inplace:data.json")
    code = 3 if "--buyers" in words else 0  # one buyer puts nothing at stake
    assert (done.returncode, done.stderr) == (code, WARNING)
    assert program(*words, "json:data.json").stderr == ""
    assert program("search", "--store", "json-inplace:data.json").stderr == ""


def test_a_scenario_warns_before_the_first_sale(program: Program, tmp_path: Path) -> None:
    """Once for each inventory; standard output stays one document."""
    (tmp_path / "data.json").write_text('{"ticket_num": 3}')
    for number in range(2):
        (tmp_path / f"{number}.toml").write_text(
            'store = "json-inplace:data.json"\ntickets = 2\nbuyers = 1\n'
        )
    done = program("run", "--json", str(tmp_path))
    assert (done.returncode, done.stderr) == (3, WARNING)  # one buyer puts nothing at stake
    assert len(json.loads(done.stdout)["scenarios"]) == 2


def test_what_has_nothing_to_lose_needs_no_warning(program: Program) -> None:
    """A private inventory ends with its sale; a file that is made by it held nothing before."""
    assert program("simulate", "--buyers", "1", "--store", "json-inplace").stderr == ""
    words = ("simulate", "--buyers", "1", "--tickets", "2", "--store", "json-inplace:new.json")
    assert program(*words).stderr == ""


def test_a_kill_does_empty_it(program: Program, tmp_path: Path) -> None:
    """The warning is true: the buyer dies between the two effects, and all keys are gone."""
    (tmp_path / "data.json").write_text('{"ticket_num": 3, "mine": 1}')
    (tmp_path / "sale.toml").write_text('buyers = 1\n[[faults]]\nkind = "kill"\nbefore = "write"\n')
    program("simulate", "sale.toml", "--store", "json-inplace:data.json")
    assert (tmp_path / "data.json").read_bytes() == b""
