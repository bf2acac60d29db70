"""The examples of the pages run, and show what the pages say that they show."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LIMIT_S
from tests.support.pages import Block, blocks, write_files
from tests.support.plugin_site import python_path

LEFT_OUT = "…"
COOKBOOK = "docs/how-to/write-a-store.md"


def run(line: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, as a reader would."""
    return subprocess.run(
        [sys.executable, *line], cwd=folder, capture_output=True, text=True, timeout=LIMIT_S,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": python_path(folder / ".site")},
    )  # fmt: skip


def of_language(language: str) -> list[Block]:
    """Return the blocks of a language."""
    return [block for block in blocks() if block.language == language]


@pytest.mark.parametrize("block", of_language("python"), ids=str)
def test_every_block_of_python_runs(block: Block, tmp_path: Path) -> None:
    """A test file is run by pytest, and anything else as a program."""
    if reason := block.marker("skip"):
        pytest.skip(reason)
    write_files(block.page, tmp_path)
    name = block.marker("file") or "example.py"
    (tmp_path / name).write_text(block.text)
    tested = name.startswith("test_")
    how = ["-m", "pytest", "-q", "-c", os.devnull, "--rootdir", "."] if tested else []
    done = run([*how, name], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_block_that_fails_would_be_noticed(tmp_path: Path) -> None:
    """The check above can fail."""
    (tmp_path / "example.py").write_text("from booking.testing import assert_sounder\n")
    assert run(["example.py"], tmp_path).returncode == 1


def parts(block: Block) -> list[tuple[str, list[str]]]:
    """Return each command of a block with the lines that it is said to print."""
    answers = re.split(r"^\$ .*\n", block.text, flags=re.MULTILINE)[1:]
    return [
        (command, [line.rstrip() for line in answer.splitlines() if line.strip()])
        for command, answer in zip(block.commands, answers, strict=True)
    ]


def steady(line: str) -> str:
    """Return a line without its durations, which differ from run to run."""
    return re.sub(r"[\d.,]+ (s|ms|min)\b", "# s", line.rstrip())


def missing(shown: list[str], printed: str) -> str | None:
    """Return the first line of a page that is not printed in its turn, or None."""
    rest = iter([steady(line) for line in printed.splitlines()])
    for line in shown:
        if line.strip() != LEFT_OUT and steady(line) not in rest:
            return line
    return None


def labels(lines: list[str]) -> list[str]:
    """Return the verdict and the labels of a report's lines."""
    matches = [re.match(r"[✓✗?] \w+|  [a-z]+ ", line) for line in lines]
    return [match[0] for match in matches if match]


def test_an_answer_that_is_out_of_date_would_be_noticed() -> None:
    """The checks above can fail."""
    printed = "✓ VALID\n\n  time  0.04 s\n  why   all\n"
    assert missing(["✓ VALID", LEFT_OUT, "  time  1.5 s", "  why   all"], printed) is None
    assert missing(["✓ VALID", "  why   none"], printed) == "  why   none"
    assert missing(["  why   all", "✓ VALID"], printed) == "✓ VALID"
    assert labels(["✗ INVALID  oversell", "  sale      10 buyers"]) == ["✗ INVALID", "  sale "]


def test_the_store_of_the_cookbook_is_sound_under_a_lock_for_buyers_who_differ(
    tmp_path: Path,
) -> None:
    """The page itself shows buyers who are alike: they race, and a lock helps."""
    write_files(COOKBOOK, tmp_path)
    line = "explore --store vouchers:VoucherStore --buyers 3 --lock --quantity 2,1,1 --search"
    done = run(["-m", "booking", *line.split()], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_store_of_the_cookbook_is_short_and_a_forgotten_step_is_noticed(
    tmp_path: Path,
) -> None:
    """The page promises both."""
    write_files(COOKBOOK, tmp_path)
    path = tmp_path / "vouchers.py"
    code = path.read_text()
    body = code[code.index("class ") :].splitlines()
    assert len([line for line in body if line.strip()]) <= 40
    path.write_text(re.sub(r'\n *step\("truncate".*', "", code))
    done = run(
        ["-m", "booking", *shlex.split("explore --store vouchers:VoucherStore --lock")], tmp_path
    )
    assert done.returncode == 3, done.stdout
    assert "vouchers.py:" in done.stdout
