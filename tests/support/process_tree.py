"""Living processes and their descendants, and a harness to interrupt or kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.conftest import LIMIT_S, ROOT

METHODS = ["fork", "spawn", "forkserver"]
PATIENCE_S = 20.0


def processes() -> dict[int, int]:
    """Return the parent of every living process."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(entry.name)] = int(fields[1])
    return parents


def family(root: int) -> set[int]:
    """Return a process and all that descend from it."""
    parents = processes()
    pids = {root}
    while children := {pid for pid, parent in parents.items() if parent in pids} - pids:
        pids |= children
    return pids


def harness(folder: Path, *words: str) -> subprocess.Popen[str]:
    path = folder / "data.json"
    path.write_text('{"event": "x", "ticket_num": 50}')
    return subprocess.Popen(
        [sys.executable, "-m", "booking", "simulate", "--store", f"json:{path}", *words],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def wait_for_buyers(process: subprocess.Popen[str], buyers: int) -> set[int]:
    """Wait until every buyer was started; return the harness and all processes below it."""
    deadline = time.monotonic() + LIMIT_S
    pids: set[int] = set()
    while time.monotonic() < deadline and process.poll() is None:
        pids = family(process.pid)
        if len(pids) > buyers:
            return pids
        time.sleep(0.05)
    raise AssertionError(f"{len(pids)} processes, {process.communicate()}")


def gone(pids: set[int]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while pids & set(processes()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not pids & set(processes())


def under(pid: int) -> Iterator[tuple[int, str]]:
    """Yield every process below another one, with the name of its program."""
    children: dict[int, list[tuple[int, str]]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (entry / "stat").read_text().rpartition(")")
        except OSError:
            continue
        children.setdefault(int(rest.split()[1]), []).append(
            (int(entry.name), name.partition("(")[2])
        )
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            yield child
            waiting.append(child[0])


def until(what: Callable[[], object]) -> object:
    """Wait for something to be true, and not for ever."""
    deadline_s = time.monotonic() + LIMIT_S
    while not (given := what()):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    return given


def send_to_all(pids: Iterable[int], sent: signal.Signals) -> None:
    """Send a signal to processes; one that has ended meanwhile needs none."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, sent)
