"""The adapters of the pages: code of other people sells with ten lines of ours beside it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.pages import blocks, write_files

PAGE = "docs/how-to/adapt-a-library.md"
LINES_MAX = 10
LIMIT_S = 180
ADAPTERS = {
    "fastened.py": "fasteners", "cached.py": "diskcache", "limited.py": "limits",
    "seats.py": "litequeue", "oscar_stock.py": "oscar",
}  # fmt: skip


def run(command: str, folder: Path) -> dict[str, Any]:
    """Run a command in a folder with the files of the page; return its document."""
    write_files(PAGE, folder)
    done = subprocess.run(
        [sys.executable, "-m", "booking", *command.split(), "--json"],
        cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *_paths()])},
    )  # fmt: skip
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _paths() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def test_the_page_has_these_adapters() -> None:
    """Each is a class of its own file."""
    named = {block.marker("file") for block in blocks() if block.page == PAGE} - {None}
    assert named == {*ADAPTERS, "oscar_project.py"}


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_is_short(name: str) -> None:
    """Beside its base class it has at most ten lines."""
    [block] = [one for one in blocks() if one.page == PAGE and one.marker("file") == name]
    [adapter] = [node for node in ast.parse(block.text).body if isinstance(node, ast.ClassDef)]
    assert adapter.end_lineno is not None
    lines = block.text.splitlines()[adapter.lineno : adapter.end_lineno]
    assert len([line for line in lines if line.strip()]) <= LINES_MAX


def test_a_lock_of_a_library_guards_a_sale(tmp_path: Path) -> None:
    """The control races, so the lock was put to the test."""
    pytest.importorskip("fasteners")
    sale = run("simulate --lock=fastened:Fastened --buyers 6 --seed 1", tmp_path)
    assert (sale["verdict"], sale["control"]["verdict"]) == ("valid", "invalid")


def test_a_lock_for_a_whole_process_is_no_finding_of_the_explorer(tmp_path: Path) -> None:
    """The doubt names the line of the library, with its package."""
    pytest.importorskip("fasteners")
    explored = run("explore --lock=fastened:Fastened --buyers 2", tmp_path)
    assert explored["verdict"] == "unknown"
    places = [doubt["where"] for doubt in explored["doubts"]]
    assert any(place.startswith("fasteners/process_mechanism.py:") for place in places), places


@pytest.mark.sweep(usual=lambda store: store == "cached:Cached")
@pytest.mark.parametrize(
    "store,library,guard",
    [("cached:Cached", "diskcache", "none"), ("oscar_stock:OscarStock", "oscar", "atomic")],
)
def test_code_that_checks_and_takes_in_two_effects_oversells_in_four_steps(
    store: str, library: str, guard: str, tmp_path: Path
) -> None:
    """django-oscar does: each sale has a copy of its database. `make test-all` installs it."""
    pytest.importorskip(library)
    flags = f"--store {store} --guard {guard} --buyers 2 --tickets 1"
    explored = run(f"explore {flags}", tmp_path)
    assert (explored["verdict"], explored["witness_steps"]) == ("invalid", 4), explored


def test_a_counter_of_a_library_is_sound_with_a_lock(tmp_path: Path) -> None:
    pytest.importorskip("diskcache")
    assert run("explore --store cached:Cached --buyers 3 --lock", tmp_path)["verdict"] == "valid"


def test_a_rate_limiter_sells_without_write_and_without_numbers(tmp_path: Path) -> None:
    """Proved, and sold by real processes on the same private server."""
    pytest.importorskip("limits")
    flags = "--store limited:Limited --guard atomic"
    assert run(f"explore {flags} --buyers 3 --tickets 2", tmp_path)["verdict"] == "valid"
    sale = run(f"simulate {flags} --buyers 6 --tickets 4 --seed 1", tmp_path)
    assert (sale["verdict"], sale["sold"], sale["control"]) == ("valid", 4, None)
    assert "has no write" in sale["reason"]


def test_a_hold_of_a_library_tells_the_name_of_a_seat(tmp_path: Path) -> None:
    """Each seat is sold once, by its name."""
    pytest.importorskip("litequeue")
    flags = "--store seats:Seats --guard atomic --buyers 6 --tickets 4 --seed 1"
    history = tmp_path / "history.jsonl"
    sale = run(f"simulate {flags} --history {history}", tmp_path)
    assert (sale["verdict"], sale["sold"]) == ("valid", 4), sale["reason"]
    events = [json.loads(line) for line in history.read_text().splitlines()]
    sold = {event["value"] for event in events if (event["f"], event["type"]) == ("buy", "ok")}
    assert sold == {f"seat {n}" for n in range(1, 5)}
