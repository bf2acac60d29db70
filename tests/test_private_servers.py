"""Private servers: real, reachable by a socket alone, and gone with whoever wanted them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

LIMIT_S = 60
PROGRAMS = {"postgres": "postgres", "redis": "valkey-server"}
SALE = ["--buyers", "2", "--delay", "20s", "--timeout", "60s", "--no-control", "--json"]


def under(pid: int) -> Iterator[tuple[int, str]]:
    """Give every process below one, with the name of its program."""
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


@pytest.fixture
def selling(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Begin a sale whose private server stays for a while, in a temporary folder of its own."""
    started: list[subprocess.Popen[bytes]] = []
    scratch = tmp_path / "t"
    scratch.mkdir()

    def begin(store: str, *more: str) -> subprocess.Popen[bytes]:
        harness = subprocess.Popen(
            [sys.executable, "-m", "booking", "simulate", "--store", store, *SALE, *more],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(scratch)},
        )  # fmt: skip
        started.append(harness)
        return harness

    yield begin
    for harness in started:
        harness.kill()
        harness.wait(LIMIT_S)
        if harness.stdout:
            harness.stdout.close()


@pytest.mark.parametrize("store", PROGRAMS)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_its_harness_however_that_ends(
    selling: Callable[[str], subprocess.Popen[bytes]], store: str, how: signal.Signals
) -> None:
    """Server, keeper and folder are gone: after Ctrl-C, after SIGTERM, and after SIGKILL."""
    harness = selling(store)

    def server() -> list[int]:
        names = PROGRAMS[store]
        return [pid for pid, name in under(harness.pid) if name.startswith(names)]

    pids = until(server)
    assert isinstance(pids, list)
    everybody = [pid for pid, _ in under(harness.pid)]
    folder = Path(os.readlink(f"/proc/{pids[0]}/cwd"))
    harness.send_signal(how)
    harness.wait(LIMIT_S)
    until(lambda: not any(_runs(pid) for pid in everybody))
    until(lambda: not folder.exists())


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("store", PROGRAMS)
def test_a_server_listens_on_a_private_socket_and_nothing_else(
    selling: Callable[[str], subprocess.Popen[bytes]], store: str
) -> None:
    """No port, and a folder that only its owner may enter."""
    harness = selling(store)
    pid, inodes = _until_listening(harness.pid, PROGRAMS[store])
    listening = {
        fields[9]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for fields in map(str.split, Path(table).read_text().splitlines()[1:])
    }
    assert not inodes & listening
    folder = Path(os.readlink(f"/proc/{pid}/cwd"))
    if folder.name == "data":
        folder = folder.parent
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("store", PROGRAMS)
def test_a_server_that_dies_in_the_middle_of_a_sale_ends_it_with_a_report(
    selling: Callable[..., subprocess.Popen[bytes]], store: str
) -> None:
    """No hang, no tickets sold by guess: every order failed, or its outcome is unknown."""
    harness = selling(store, "--delay", "3s", "--guard", "atomic")
    pid, _ = _until_listening(harness.pid, PROGRAMS[store])
    until(lambda: sum(name.startswith("python") for _, name in under(harness.pid)) > 2)
    time.sleep(1)  # the buyers are in the middle of their three seconds, or about to begin them
    os.kill(pid, signal.SIGKILL)
    output, _ = harness.communicate(timeout=LIMIT_S)
    sale = json.loads(output)
    assert (sale["verdict"], harness.returncode) == ("unknown", 3)
    assert sale["remaining"] is None
    assert sale["operations"]["ok"] == 0
    assert sale["processes"]["hung"] == 0


def _until_listening(harness: int, program: str) -> tuple[int, set[str]]:
    """Wait for the server that has a socket; one that only prepares the folder has none."""

    def look() -> tuple[int, set[str]] | None:
        for pid, name in under(harness):
            if name.startswith(program) and (inodes := _sockets(pid)):
                return pid, inodes
        return None

    found = until(look)
    assert isinstance(found, tuple)
    return found


def _sockets(pid: int) -> set[str]:
    found = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(link)
            if target.startswith("socket:"):
                found.add(target.removeprefix("socket:[").rstrip("]"))
    except OSError:
        pass  # it ended, or closed one, while we looked
    return found
