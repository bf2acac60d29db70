"""A private server ends with the process that started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.process_tree import send_to_all, under, until
from tests.unit.servers.conftest import PROGRAMS

LIMIT_S = 60
PROCESSES = {"postgres": 6, "redis": 1}  # of a server that is up, at the least


@pytest.mark.sweep(
    usual=lambda store, how: how == signal.SIGKILL or (store, how) == ("redis", signal.SIGTERM)
)
@pytest.mark.parametrize("store", PROGRAMS)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_its_harness_however_that_ends(
    selling: Callable[[str], subprocess.Popen[bytes]], store: str, how: signal.Signals
) -> None:
    """Server, supervisor and folder are gone: after Ctrl-C, after SIGTERM, and after SIGKILL."""
    harness = selling(store)

    def server() -> list[int]:
        names = PROGRAMS[store]
        return [pid for pid, name in under(harness.pid) if name.startswith(names)]

    pids = until(server)
    assert isinstance(pids, list)
    processes = [pid for pid, _ in under(harness.pid)]
    folder = Path(os.readlink(f"/proc/{pids[0]}/cwd"))
    harness.send_signal(how)
    harness.wait(LIMIT_S)
    until(lambda: not any(_runs(pid) for pid in processes))
    until(lambda: not folder.exists())


@pytest.mark.sweep(usual=lambda store: store == "postgres")
@pytest.mark.parametrize("store", PROGRAMS)
def test_a_server_that_was_stopped_ends_with_all_its_processes(
    selling: Callable[[str], subprocess.Popen[bytes]], store: str
) -> None:
    """SIGSTOP of each process of it: none of them sees that its parent is gone."""
    harness = selling(store)

    def server() -> list[int]:
        return [pid for pid, name in under(harness.pid) if name.startswith(PROGRAMS[store])]

    until(lambda: len(server()) >= PROCESSES[store])
    pids = server()
    send_to_all(pids, signal.SIGSTOP)
    harness.send_signal(signal.SIGKILL)
    harness.wait(LIMIT_S)
    until(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
