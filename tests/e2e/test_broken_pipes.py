"""A reader that closes an output early: exit code 141, and nothing else that is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from booking.cli.main import COMMANDS
from tests.support.exit_codes import CODES
from tests.support.workers import LIMIT_S, ROOT, Worker, run_into

LINES = {name: (name, *next(iter(codes.values()))) for name, codes in CODES.items()}
LINES |= {"replay": ("replay", "--help"), "run": ("run", "sale.toml")}
SLOW = {"demo", "matrix", "bench"}


@contextmanager
def pipe_without_reader() -> Iterator[str]:
    """Yield a path of a pipe's end for writing; no process reads the other end."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield f"/proc/{os.getpid()}/fd/{writer}"
    finally:
        os.close(writer)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data.json").write_text('{"ticket_num": 5}')
    (tmp_path / "sale.toml").write_text('buyers = 3\ndelay = "0ms"\n')
    history = ROOT / "tests" / "data" / "histories" / "valid.jsonl"
    (tmp_path / "valid.jsonl").write_text(history.read_text())
    return tmp_path


@pytest.mark.sweep(usual=lambda name, as_json: name not in SLOW)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_that_is_gone_ends_every_command_with_141(
    warm_worker: Worker, folder: Path, name: str, as_json: bool
) -> None:
    """Whether it prints while it works, or one document at the end, or an error as a document."""
    with pipe_without_reader() as pipe:
        words = (*LINES[name], *(["--json"] * as_json))
        code = run_into(warm_worker, pipe, str(folder / "err"), folder, *words)
    err = (folder / "err").read_text()
    assert code == 141
    wrong = as_json and name in {
        "demo",
        "init",
        "reset",
        "schema",
    }  # they have no --json: their error
    assert err.count("\n") == wrong
    assert "Traceback" not in err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_of_the_errors_that_is_gone_is_141_too(
    warm_worker: Worker, folder: Path, name: str
) -> None:
    """The line of the error had no reader, so its code is not known to be understood."""
    with pipe_without_reader() as pipe:
        words = (name, "--no-such-option")
        assert run_into(warm_worker, os.devnull, pipe, folder, *words) == 141


def test_a_pipe_that_breaks_in_the_middle_of_a_sale_ends_its_buyers(folder: Path) -> None:
    """The reader takes one line and leaves; the buyers would go on for a minute."""
    words = ["simulate", "--buyers", "8", "--arrival", "poisson:4", "--store", "json:data.json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "booking", *words, "--tickets", "8", "--delay", "20s"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(LIMIT_S) == 141
    assert err == ""
    left = {path.name for path in folder.iterdir()}
    assert left == {"data.json", "sale.toml", "valid.jsonl"}


@pytest.mark.parametrize("redirection, code", [
    (">&-", 0), ("2>&-", 0), ("<&-", 0), ("<&- >&- 2>&-", 0), (">/dev/full", 2),
])  # fmt: skip
@pytest.mark.parametrize("words", [
    "search --store json:data.json", "check valid.jsonl", "check --json valid.jsonl",
])  # fmt: skip
def test_closed_and_full_streams_are_survived(
    folder: Path, words: str, redirection: str, code: int
) -> None:
    """A closed stream counts as the null device; a full one has no room for the answer."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m booking {words} {redirection}"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == (code == 2)
    assert "Traceback" not in done.stderr
