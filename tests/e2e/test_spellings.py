"""Everywhere that a name is wrong, the error has the nearest right one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., subprocess.CompletedProcess[str]]

WRONG = {
    "command": (["simulat"], "simulate"),
    "option": (["simulate", "--buyer", "3"], "--buyers"),
    "store": (["simulate", "--store", "jsno"], "json"),
    "store with a place": (["search", "--store", "jsn:data.json"], "json"),
    "guard": (["simulate", "--guard", "Optimistic"], "optimistic"),
    "lock": (["simulate", "--lock=flok"], "flock"),
    "behaviour": (["simulate", "--behaviour", "buy_once"], "buy-once"),
    "arrival": (["simulate", "--arrival", "togther"], "together"),
    "rate of arrival": (["simulate", "--arrival", "poison:20"], "poisson:RATE"),
    "start method": (["simulate", "--start-method", "forksrver"], "forkserver"),
    "schedule": (["simulate", "--schedule", "rndom"], "random"),
    "anomaly": (["simulate", "--expect", "over-sell"], "oversell"),
    "verdict": (["explore", "--expect", "vaild"], "valid"),
    "method": (["explore", "--method", "grpah"], "graph"),
    "stores of the matrix": (["matrix", "--stores", "jsonn"], "json"),
    "guards of the matrix": (["matrix", "--guards", "atmic"], "atomic"),
    "stores of a benchmark": (["bench", "--stores", "sqllite"], "sqlite"),
    "guards of a benchmark": (["bench", "--guards", "locks"], "lock"),
    "locks of a benchmark": (["bench", "--locks", "sfot"], "soft"),
    "row": (["bench", "--require", "lokc.jain>0"], "lock"),
    "column": (["bench", "--require", "lock.jane>0"], "jain"),
    "option of a redis URL": (
        ["search", "--store", "redis://localhost:1/0?client_nme=x"],
        "client_name",
    ),
    "option of a postgresql URL": (
        ["search", "--store", "postgresql://localhost:1/x?conect_timeout=3"],
        "connect_timeout",
    ),
    "meaning of numbers": (["check", "--numbers", "bevore", "x"], "before"),
    "format": (["check", "--format", "json-l", "x"], "jsonl"),
}
IN_FILES = {
    "key": ("buyer = 3", "buyers"),
    "store": ('store = "jsonn"', "json"),
    "guard": ('guard = "lokc"', "lock"),
    "lock": ('lock = "flokc"', "flock"),
    "behaviour": ('behaviour = "buy-onse"', "buy-once"),
    "key of a fault": ('[[faults]]\nkidn = "kill"\nbefore = "read"', "kind"),
    "kind of a fault": ('[[faults]]\nkind = "kil"\nbefore = "read"', "kill"),
    "key of what is expected": ("[expect]\nverdct = 3", "verdict"),
    "verdict": ('[expect]\nverdict = "vaild"', "valid"),
    "anomaly": ('[expect]\nanomalies = ["over-sell"]', "oversell"),
}


def asks(error: str, meant: str) -> bool:
    """Return whether an error asks whether that was meant; click has a form of its own."""
    line = error.lower()
    return f"did you mean {meant.lower()}?" in line or f"did you mean '{meant.lower()}'?" in line


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_name_on_the_command_line(what: str, program: Program) -> None:
    """Exit code 2, and one line."""
    words, meant = WRONG[what]
    done = program(*words)
    assert done.returncode == 2
    assert asks(done.stderr, meant), done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("what", IN_FILES)
def test_a_wrong_name_in_a_scenario(what: str, program: Program, tmp_path: Path) -> None:
    """With the file, too."""
    text, meant = IN_FILES[what]
    file = tmp_path / "sale.toml"
    file.write_text(f"{text}\n")
    done = program("simulate", str(file))
    assert done.returncode == 2
    assert asks(done.stderr, meant), done.stderr
    assert "sale.toml" in done.stderr or what in {"store", "guard", "lock"}
