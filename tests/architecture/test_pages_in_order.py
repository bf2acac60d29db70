"""A reader starts with an empty folder and copies one command after the other: all of them pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.test_examples import labels, missing, parts
from tests.support.pages import Block, blocks, write_files
from tests.support.plugin_site import python_path

LIMIT_S = 900  # a benchmark or a matrix of everything takes minutes
SKIPPED_MAX = 5  # blocks that need a checkout or an index


def commands(page: str | None = None) -> list[Block]:
    """Return the blocks of commands in README and `docs/`, or in one page of them."""
    return [
        block
        for block in blocks()
        if block.language == "console"
        and (block.page == "README.md" or block.page.startswith("docs/"))
        and page in (None, block.page)
    ]


def runs() -> list[tuple[str, bool]]:
    """Return each page without its slow blocks, and with them where it has any."""
    run = [block for block in commands() if block.marker("skip") is None]
    quick = dict.fromkeys(block.page for block in run if block.marker("slow") is None)
    whole = dict.fromkeys(block.page for block in run if block.marker("slow") is not None)
    return [(page, False) for page in quick] + [(page, True) for page in whole]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Put the program on the PATH, as an installation does, and the pytest beside it."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("booking", "pytest"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n')
        script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def typed(line: str, folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell, in the folder of the page."""
    site = python_path(folder.with_name("site"))
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": site}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env={**environment, "PATH": path}, check=False,
        capture_output=True, text=True, timeout=LIMIT_S,
    )  # fmt: skip


def codes(block: Block) -> list[int]:
    """Return the exit codes that the commands of a block end with; 0 where the page is silent."""
    stated = block.marker("exits")
    return [int(code) for code in stated.split()] if stated else [0] * len(block.commands)


def problem(block: Block, shown: list[str], printed: str) -> str | None:
    """Return a line that the page shows and the program does not print, or None."""
    if block.marker("output") is not None:
        return missing(shown, printed)
    if block.marker("labels") is not None:
        found = labels(printed.splitlines())
        return next((label for label in labels(shown) if label not in found), None)
    return None


@pytest.mark.sweep(usual=lambda whole: not whole)
@pytest.mark.parametrize("page,whole", runs())
def test_the_commands_of_a_page_pass_in_order(
    page: str, whole: bool, tmp_path: Path, path: str
) -> None:
    """Each has the exit code that the page states, and prints what it shows."""
    write_files(page, tmp_path)
    for block in commands(page):
        if block.marker("skip") is not None or (block.marker("slow") is not None and not whole):
            continue
        for (line, shown), code in zip(parts(block), codes(block), strict=True):
            done = typed(line, tmp_path, path)
            told = f"{block}: {line}\n{done.stdout}{done.stderr}"
            assert done.returncode == code, told
            assert problem(block, shown, done.stdout) is None, told


def test_what_a_page_shows_and_the_program_does_not_print_would_be_noticed() -> None:
    """The checks above can fail."""
    markers = (("labels", ""), ("exits", "1 0"))
    block = Block("x.md", 1, "console", "$ booking list\n", markers)
    assert codes(block) == [1, 0]
    assert problem(block, ["✗ INVALID  oversell"], "✗ INVALID  torn-read\n") is None
    assert problem(block, ["✗ INVALID  oversell"], "✓ VALID\n") == "✗ INVALID"


@pytest.mark.parametrize("block", [one for one in commands() if one.marker("skip")], ids=str)
def test_a_block_that_is_not_run_says_why(block: Block) -> None:
    """The reason is shown with the result of the tests."""
    pytest.skip(block.marker("skip") or "")


def test_few_blocks_are_not_run() -> None:
    """A page whose commands no test runs goes out of date."""
    assert len([block for block in commands() if block.marker("skip")]) <= SKIPPED_MAX
    assert len([block for block in commands() if not block.marker("skip")]) >= 40
