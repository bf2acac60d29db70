"""Commands that a signal ends at some moment, and what is not as promised afterwards.

The outcome does not depend on where the signal lands: each moment allows one exit code only, and
a signal that came too late is told apart.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.process_tree import processes
from tests.support.workers import LIMIT_S, ROOT

STOPPED = {
    signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGPIPE: 141, signal.SIGTERM: 143,
}  # fmt: skip
WORDS = {
    signal.SIGHUP: "the terminal was closed",
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
}
SHOP = "tests.support.free_shop"
FUNCTIONS = ("--behaviour", f"{SHOP}:conditional", "--setup", f"{SHOP}:setup",
             "--check", f"{SHOP}:left")  # fmt: skip
COMMANDS = {
    "simulate": ("simulate", "--buyers", "6", "--tickets", "3", "--delay", "60ms"),
    "lock": ("simulate", "--lock", "--store", "json:data.json", "--tickets", "9", "--no-daemon"),
    "spawn": ("simulate", "--buyers", "2", "--start-method", "spawn", "--history", "h.jsonl"),
    "schedule": ("simulate", "--schedule", "random", "--buyers", "3", "--witness", "w.json"),
    "explore": ("explore", "--store", "json", "--buyers", "4", "--lock", "--witness", "w.json"),
    "replay": ("replay", "known.json", "--times", "20"),
    "run": ("run", "sale.toml", "--junit", "j.xml"),
    "check": ("check", "known.jsonl", "--explain"),
    "clerk": ("simulate", "--guard", "clerk", "--buyers", "3", "--no-control"),
    "buy": ("buy", "--store", "json:data.json", "--lock"),
    "reset": ("reset", "--store", "json:data.json", "--tickets", "7"),
    "search": ("search", "--store", "sqlite:shop.db"),
    "redis": ("simulate", "--store", "redis", "--guard", "atomic", "--no-control"),
    "postgres": ("simulate", "--store", "postgres", "--guard", "atomic", "--no-control"),
    "bench": ("bench", "--guards", "none", "--buyers", "2", "--rounds", "1", "--time", "100ms"),
    "free": ("simulate", *FUNCTIONS, "--rounds", "20", "--history", "h.jsonl"),
    "functions": ("explore", *FUNCTIONS, "--buyers", "3", "--method", "plain"),
    "priced": ("bench", *FUNCTIONS, "--buyers", "2", "--rounds", "1", "--time", "100ms"),
    "matrix": ("matrix", "--stores", "json", "--guards", "lock", "--trials", "1"),
    "list": ("list", "--probe"),
}
QUICK = ["buy", "check", "explore", "reset", "search", "simulate"]
SPANS_S = {"bench": 2.0, "list": 4.0, "matrix": 2.0, "postgres": 3.0, "spawn": 3.0}  # else 1
LATE_CODES = {0, 1, 3}  # of a command that ended by itself
# What a sale needs beside it, and may keep beside it afterwards.
KEPT = {
    "data.json", "data.json.lock", "shop.db", "known.json", "known.jsonl", "sale.toml", "tmp",
    "cache", "mark", "shop.db-journal", "shop.db-shm", "shop.db-wal",
}  # fmt: skip
RESULTS = {"h.jsonl", "w.json", "j.xml"}  # whole, or not there


@dataclass
class Ended:
    """How a command ended that was sent a signal."""

    code: int
    out: str
    err: str
    sent: bool  # before it ended

    def problems(self, number: signal.Signals, usual: set[int], folder: Path) -> list[str]:
        """Return what is not as promised; nothing where all is well."""
        return list(self._problems(number, usual, folder))

    def _problems(self, number: signal.Signals, usual: set[int], folder: Path) -> Iterator[str]:
        expected = {STOPPED[number], -number} if self.sent else usual
        if self.code not in expected:
            yield f"exit code {self.code}, not of {sorted(expected)}"
        if "Traceback" in self.err or "Exception" in self.err:
            yield "a traceback"
        lines = self.err.splitlines()
        if len(lines) > 1 or (lines and WORDS.get(number, "?") not in lines[0]):
            yield "not one line"
        if left := {path.name for path in folder.iterdir()} - KEPT - RESULTS:
            yield f"left behind: {sorted(left)}"
        if left := sorted(path.name for path in (folder / "tmp").iterdir()):
            yield f"left in the temporary folder: {left}"
        if count_of(folder) is None:
            yield "the inventory is not whole"


PREPARED_S = 3.0  # so that most signals come before the end


def prepare(folder: Path) -> float:
    """Write what the commands read; return a measure of how slow that was."""
    began_s = time.monotonic()
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "data.json").write_text('{"ticket_num": 5}')
    (folder / "sale.toml").write_text('buyers = 3\ntickets = 3\nguard = "lock"\n')
    run("explore", "--buyers", "3", "--witness", "known.json", folder=folder)
    run("simulate", "--buyers", "3", "--history", "known.jsonl", folder=folder)
    run("reset", "--store", "sqlite:shop.db", "--tickets", "4", folder=folder)
    return (time.monotonic() - began_s) / PREPARED_S


def start(
    folder: Path, words: tuple[str, ...], *, code: str | None = None, **more: Any
) -> subprocess.Popen[str]:
    """Start the program; it makes the file `mark` on its way into its own `main`."""
    mark = folder / "mark"
    mark.unlink(missing_ok=True)
    if code is None:
        # The last line of the file's own is passed when the handlers are there.
        code = f"""
import sys; sys.argv = {["booking", *words]!r}
import atexit, booking.__main__ as program
register = atexit.register
def marked(function):
    atexit.register = register
    open("mark", "w").close()
    return register(function)
atexit.register = marked
program.main()
"""
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env=environment(folder), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, **more,
    )  # fmt: skip


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ, "TMPDIR": str(folder / "tmp"), "NO_COLOR": "1",
        "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache"),
    }  # fmt: skip


def run(*words: str, folder: Path) -> int:
    """Run a command undisturbed; return its exit code."""
    with start(folder, words) as process:
        process.communicate(timeout=LIMIT_S)
    return process.returncode


def signalled(
    folder: Path, words: tuple[str, ...], number: signal.Signals, after_s: float, *, group: bool
) -> Ended:
    """Run a command, send it a signal `after_s` seconds after its main began, and await its end."""
    process = start(folder, words)
    deadline_s = time.monotonic() + LIMIT_S
    while not (folder / "mark").exists() and time.monotonic() < deadline_s:
        time.sleep(0.001)
    time.sleep(after_s)
    # One that was stopped has not begun to exit; a process that exits takes no signal any more.
    os.kill(process.pid, signal.SIGSTOP)
    seen = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
    sent = seen is not None and seen.si_code == os.CLD_STOPPED
    if sent:
        (os.killpg if group else os.kill)(process.pid, number)
        os.kill(process.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=LIMIT_S)
    return Ended(process.returncode, out, err, sent)


def left_running(folder: Path) -> list[int]:
    """Return the processes that work in the folder, once those that are ending have ended."""
    deadline_s = time.monotonic() + 20
    while (found := list(_working_in(folder))) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return found


def _working_in(folder: Path) -> Iterator[int]:
    for pid in processes():
        try:
            here = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if here.startswith(str(folder)):
            yield pid


def count_of(folder: Path) -> int | None:
    try:
        count: int = json.loads((folder / "data.json").read_text())["ticket_num"]
    except (OSError, ValueError, KeyError):
        return None
    return count
