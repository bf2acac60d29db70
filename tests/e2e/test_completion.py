"""A tab completes names, lists, URLs and files, in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from booking.cli.main import COMMANDS
from tests.conftest import ROOT
from tests.support.shells import START, completed

BREAKS = " \t\n\"'><=;|&(:"  # COMP_WORDBREAKS of bash
HEAVY = {"pydantic", "rich", "greenlet", "psycopg", "redis", "multiprocessing"}

# What is typed before the tab, and the arguments that the program gets.
LINES = {
    "a command": ("booking simul", ["simulate"]),
    "an option": ("booking simulate --start-m", ["simulate", "--start-method"]),
    "a guard": ("booking simulate --guard opt", ["simulate", "--guard", "optimistic"]),
    "a lock behind an equals sign": ("booking buy --lock=filel", ["buy", "--lock=filelock"]),
    "a lock in a word of its own": ("booking simulate --lock sof", ["simulate", "--lock", "soft"]),
    "a list": ("booking bench --guards none,cle", ["bench", "--guards", "none,clerk"]),
    "a column": ("booking bench --require clerk.jai", ["bench", "--require", "clerk.jain"]),
    "a schedule": ("booking simulate --schedule pc", ["simulate", "--schedule", "pct"]),
    "an anomaly": ("booking explore --expect lost-u", ["explore", "--expect", "lost-update"]),
    "a choice": ("booking check --numbers sea", ["check", "--numbers", "seat"]),
    "a URL": ("booking search --store json:da", ["search", "--store", "json:data.json"]),
    "a URL in an option": ("booking search --store=json:da", ["search", "--store=json:data.json"]),
    "a URL in quotes": ("booking search --store 'json:da", ["search", "--store", "json:data.json"]),
    "a space": ("booking search --store json:my", ["search", "--store", "json:my file"]),
    "a folder": ("booking search --store json:shop/i", ["search", "--store", "json:shop/inner/"]),
    "a scenario": ("booking run sal", ["run", "sale.toml"]),
    "a file": ("booking check hist", ["check", "history.jsonl"]),
    "a file in an option": ("booking bench --csv=hist", ["bench", "--csv=history.jsonl"]),
}  # fmt: skip
EVERYWHERE = ("a URL", "a lock behind an equals sign", "a file in an option")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an inventory, a scenario and a history."""
    folder = tmp_path / "here"
    (folder / "shop/inner").mkdir(parents=True)
    for name in ("data.json", "my file", "sale.toml", "sale.txt", "history.jsonl"):
        (folder / name).touch()
    return folder


@pytest.mark.sweep(usual=lambda shell, what: what in EVERYWHERE)
@pytest.mark.parametrize("what", LINES)
@pytest.mark.parametrize("shell", START)
def test_a_tab_completes(shell: str, what: str, folder: Path) -> None:
    """In the shell itself: its own rules part the words, and quote what is inserted."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    line, wanted = LINES[what]
    assert completed(shell, line, folder) == wanted


def offered(line: str, shell: str = "bash", **environment: str) -> list[str]:
    """Return the values that the program offers for a line."""
    done = subprocess.run(
        [sys.executable, "-m", "booking"], capture_output=True, text=True, check=True,
        env={
            **os.environ, "_BOOKING_COMPLETE": f"{shell}_complete", "COMP_LINE": line,
            "COMP_WORDBREAKS": BREAKS, **environment,
        },
    )  # fmt: skip
    assert done.stderr == ""
    return [row.split("\t")[1] for row in done.stdout.split("\n") if row]


def test_every_command_is_offered() -> None:
    """Without an import of any."""
    assert offered("booking ") == list(COMMANDS)


def test_a_name_of_a_list_is_offered_once() -> None:
    """What stands before the last comma is left out."""
    found = offered("booking matrix --guards none,lock,")
    assert "none,lock,clerk" in found
    assert not {"none,lock,none", "none,lock,lock"} & set(found)


def test_bash_gets_what_stands_behind_its_last_break() -> None:
    """All of it where the user took the colon out of COMP_WORDBREAKS."""
    line = f"booking search --store json:{ROOT}/READ"
    assert offered(line) == [f"{ROOT}/README.md"]
    assert offered(line, COMP_WORDBREAKS=" \t") == [f"json:{ROOT}/README.md"]


def test_variants_of_installed_packages_are_offered(tmp_path: Path) -> None:
    """By their metadata: the package itself, which cannot be imported, is not."""
    metadata = tmp_path / "shop-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[booking.guards]\nshop-guard = missing:Guard\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    assert offered("booking simulate --guard shop", PYTHONPATH=path) == ["shop-guard"]


@pytest.mark.parametrize(
    "line",
    ["booking ", "booking simulate --guard ", "booking bench --guards ", "booking check --format "],
)
def test_nothing_heavy_is_imported(line: str) -> None:
    """A tab has to answer at once; most of what a sale needs takes longer than that."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "booking"], capture_output=True, text=True,
        check=True, env={**os.environ, "_BOOKING_COMPLETE": "bash_complete", "COMP_LINE": line},
    )  # fmt: skip
    imported = {row.rpartition("|")[2].strip() for row in done.stderr.splitlines()}
    assert "click" in imported
    assert imported & HEAVY == set()


def test_a_line_that_is_wrong_offers_nothing_and_prints_no_error() -> None:
    """An error in the middle of typing would spoil the terminal."""
    assert offered("booking nonsense --guard ") == []
    assert offered("booking search --store json:/no/such/folder/") == []
