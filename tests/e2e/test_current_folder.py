"""Modules of the current folder are not imported, unless the caller names one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LIMIT_S, ROOT

HIDDEN = ("pickle", "socket", "selectors", "multiprocessing", "tempfile", "struct", "click")
TRACE = "open('RAN', 'a').write(__name__)\nraise ImportError('a file of a stranger')\n"
INSTALLED = f"import sys; sys.path[0] = {str(ROOT)!r}; from booking.cli.main import main; main()"
CASES = {
    "spawn": 'start_method = "spawn"', "forkserver": 'start_method = "forkserver"',
    "queue": 'guard = "queue"', "clerk": 'guard = "clerk"', "mutex": 'lock = "mutex"',
    "postgres": 'store = "postgres"', "redis": 'store = "redis"',
}  # fmt: skip
PROGRAM = {**os.environ, "NO_COLOR": "1"}


@pytest.mark.sweep(usual=lambda case: case in {"spawn", "forkserver", "queue"})
@pytest.mark.parametrize("case", CASES)
def test_no_process_of_a_sale_imports_from_the_current_folder(tmp_path: Path, case: str) -> None:
    """The installed program does not, nor does any interpreter that it starts."""
    plant(tmp_path)
    (tmp_path / "sale.toml").write_text(f"{CASES[case]}\nbuyers = 2\ncontrol = false\n")
    done = run(tmp_path, "simulate", "sale.toml")
    assert not (tmp_path / "RAN").exists(), done.stderr
    assert "2 started" in done.stdout, done.stderr


def test_a_plain_interpreter_does(tmp_path: Path) -> None:
    """The test above could fail: what Python starts so imports what is hidden there."""
    plant(tmp_path)
    words = [sys.executable, "-c", "import pickle"]
    subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=LIMIT_S, check=False)
    assert (tmp_path / "RAN").read_text() == "pickle"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_buyers_still_find_what_the_caller_names(tmp_path: Path, method: str) -> None:
    """A behaviour in the current folder, named on the command line, works with every method."""
    (tmp_path / "mine.py").write_text("def buy(buyer):\n    buyer.buy()\n")
    words = ("--buyers", "2", "--start-method", method, "--behaviour", "mine:buy")
    done = run(tmp_path, "simulate", *words)
    assert "2 sold" in done.stdout, done.stdout + done.stderr


def test_an_installed_plugin_imports_nothing_from_there(tmp_path: Path) -> None:
    """A package that does without another one is not offered a file of that name."""
    info = tmp_path / "site" / "plug-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[booking.locks]\nplugged = plug:Lock\n")
    (tmp_path / "site" / "plug.py").write_text(
        "from contextlib import suppress\nwith suppress(ImportError): import fast_locks\n"
        "from booking.locks.flock import FlockLock\nclass Lock(FlockLock): pass\n"
    )
    here = tmp_path / "here"
    here.mkdir()
    (here / "fast_locks.py").write_text(TRACE)
    words = ("simulate", "--buyers", "2", "--lock=plugged", "--no-control")
    done = run(here, *words, PYTHONPATH=str(tmp_path / "site"))
    assert "lock plugged" in done.stdout, done.stderr
    assert not (here / "RAN").exists()


def plant(folder: Path) -> None:
    for name in HIDDEN:
        (folder / f"{name}.py").write_text(TRACE)


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as its script does: the current folder is not on the path."""
    starter = folder.parent / f"{folder.name}-start.py"
    starter.write_text(INSTALLED)
    return subprocess.run(
        [sys.executable, str(starter), *words], cwd=folder, env={**PROGRAM, **environment},
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
