"""What other programs and users keep in the temporary folder is theirs, whatever a command does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from booking.cli.main import COMMANDS
from tests.conftest import ROOT
from tests.support.process_tree import until

Program = Callable[..., subprocess.CompletedProcess[str]]
LIMIT_S = 60

# A call of each command that makes folders; the others make none, and are called all the same.
CALLS = {
    "simulate": ["simulate", "--buyers", "2", "--delay", "0ms", "--store", "json:data.json",
                 "--tickets", "3"],
    "explore": ["explore", "--buyers", "2", "--tickets", "1", "--witness", "w.json"],
    "replay": ["replay", "w.json"],
    "run": ["run", "sale.toml"],
    "matrix": ["matrix", "--stores", "json", "--guards", "lock", "--trials", "1"],
    "check": ["check", "sale.jsonl"],
    "bench": ["bench", "--rounds", "1", "--guards", "none", "--buyers", "1,2", "--time", "20ms",
              "--no-c"],
    "demo": ["demo"],
    "init": ["init", "scenarios"],
    "search": ["search", "--store", "json:data.json"],
    "buy": ["buy", "--store", "json:data.json", "--lock"],
    "reset": ["reset", "--store", "json:data.json", "--tickets", "3"],
    "list": ["list"],
    "schema": ["schema"],
}  # fmt: skip
SLOW = {"matrix", "bench", "demo"}


@pytest.mark.sweep(usual=lambda name: name not in SLOW)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_strangers_folder_survives_every_command(
    program: Program, tmp_path: Path, name: str
) -> None:
    """Its name begins as ours do, and its number is no living process's."""
    temporary = tmp_path / "t"
    invoices = temporary / "booking-2024-invoices"
    invoices.mkdir(parents=True)
    (invoices / "january").write_text("precious")
    (temporary / "booking-999999999-abcdefgh").mkdir()  # as an older version of ours named them
    (tmp_path / "data.json").write_text('{"ticket_num": 3}\n')
    (tmp_path / "sale.toml").write_text("buyers = 2\ntickets = 3\n")
    if name == "replay":
        program(*CALLS["explore"])
    done = program(*CALLS[name], TMPDIR=str(temporary), XDG_RUNTIME_DIR="")
    assert "Traceback" not in done.stderr
    assert (invoices / "january").read_text() == "precious"
    left = {path.name for path in temporary.iterdir()}
    assert left - {f"booking-{os.getuid()}"} == {
        "booking-2024-invoices", "booking-999999999-abcdefgh"
    }  # fmt: skip


SALE = ["--buyers", "2", "--delay", "20s", "--timeout", "60s", "--no-control"]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Return a temporary folder whose path is short enough for sockets in folders in it."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_the_next_command_removes_what_a_killed_sale_left(
    program: Program, tmp_path: Path, temporary: Path, method: str
) -> None:
    """Its own folder, and the one of multiprocessing's sockets."""
    place = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "booking", "simulate", "--start-method", method, *SALE]
    harness = subprocess.Popen(
        words, cwd=tmp_path, env=place, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        until(lambda: any(temporary.glob("*/buyer-1.log")))
        if method == "forkserver":
            until(lambda: any(temporary.rglob("listener-*")))
        (running,) = (path.parent for path in temporary.glob("*/buyer-1.log"))
        (tmp_path / "data.json").write_text('{"ticket_num": 3}\n')
        assert program(*CALLS["search"], TMPDIR=str(temporary)).returncode == 0
        assert (running / "buyer-1.log").exists()
    finally:
        os.killpg(harness.pid, signal.SIGKILL)
        harness.wait(LIMIT_S)
    assert any(temporary.iterdir())
    until(
        lambda: (
            program(*CALLS["search"], TMPDIR=str(temporary)).returncode == 0 and empty(temporary)
        )
    )


def empty(folder: Path) -> bool:
    return not any(folder.iterdir())
