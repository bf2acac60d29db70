"""Private servers: reached by a socket only; a server that dies ends the sale with a report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.process_tree import under, until
from tests.unit.servers.conftest import LIMIT_S, PROGRAMS


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


@pytest.mark.sweep(usual=lambda store: store == "redis")
@pytest.mark.parametrize("store", PROGRAMS)
def test_a_server_that_dies_in_the_middle_of_a_sale_ends_it_with_a_report(
    selling: Callable[..., subprocess.Popen[bytes]], store: str
) -> None:
    """No buyer hangs, and no outcome is a guess: every order failed, or is unknown."""
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
    """Wait for the server that has a socket; `initdb`, which prepares the folder, has none."""

    def look() -> tuple[int, set[str]] | None:
        for pid, name in under(harness):
            if name.startswith(program) and (inodes := _sockets(pid)):
                return pid, inodes
        return None

    listening = until(look)
    assert isinstance(listening, tuple)
    return listening


def _sockets(pid: int) -> set[str]:
    inodes = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(link)
            if target.startswith("socket:"):
                inodes.add(target.removeprefix("socket:[").rstrip("]"))
    except OSError:
        pass  # the server ended, or closed a socket, meanwhile
    return inodes
