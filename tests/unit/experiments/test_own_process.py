"""A call in a process of its own: its answer comes back, and where none comes it is said why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import Pipe
from pathlib import Path

import pytest

from booking.experiments import own_process
from booking.experiments.own_process import OwnCodeError, _Heartbeat, in_own_process
from booking.fleets.listener import Listener
from booking.system.scratch import places, scratch_folder, scratch_folders
from tests.support.process_tree import under
from tests.support.workers import ROOT

LONG_S = 1000.0


def answers(_: Listener) -> int:
    return os.getpid()


def leaves(_: Listener) -> int:
    with scratch_folder():
        os._exit(7)


def dies(_: Listener) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def waits(_: Listener) -> int:
    time.sleep(LONG_S)
    return 0


def spins(_: Listener) -> int:
    while True:
        pass


def left() -> set[Path]:
    return {folder for place in places() for folder in scratch_folders(place)}


def test_its_answer_comes_from_another_process() -> None:
    assert in_own_process(answers) != os.getpid()


@pytest.mark.parametrize(
    "call, why", [(leaves, "with exit code 7"), (dies, "by signal 9"), (waits, "did not return")]
)
def test_where_none_comes_it_is_said_why(
    call: own_process.Call[int], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves no process, and no folder of a process that ended by `os._exit`."""
    monkeypatch.setattr(own_process, "IDLE_S", 0.2)
    monkeypatch.setattr(own_process, "POLL_S", 0.1)
    before, running = left(), set(under(os.getpid()))
    with pytest.raises(OwnCodeError, match=why):
        in_own_process(call)
    assert not [folder for folder in left() - before if f"-{os.getpid()}-" in folder.name]
    assert set(under(os.getpid())) <= running


def test_a_call_at_work_has_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """To check a long history takes a while, and is no wait for what never comes."""
    monkeypatch.setattr(own_process, "IDLE_S", LONG_S)
    monkeypatch.setattr(own_process, "BUSY_S", 0.2)
    monkeypatch.setattr(own_process, "POLL_S", 0.1)
    monkeypatch.setattr(own_process, "WORKS", 0.0)
    with pytest.raises(OwnCodeError, match="did not return"):
        in_own_process(spins)


def test_a_sale_shows_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it lasts: not with every look at its buyers."""
    mine, theirs = Pipe(duplex=False)
    listener = _Heartbeat(theirs)
    monkeypatch.setattr(own_process, "POLL_S", LONG_S)
    listener._told_s = -2 * LONG_S
    for done in range(3):
        listener.progress("end", done, 3, [])
    assert mine.recv_bytes() == b""
    assert not mine.poll()


def test_it_dies_with_its_parent() -> None:
    """Also of SIGKILL, and although it ignores every other signal."""
    program = """
import os, signal, time
from booking.experiments.own_process import in_own_process
def call(_):
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
    print(os.getpid(), flush=True)
    time.sleep(1000)
in_own_process(call)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        parent.kill()
        assert parent.stdout.read() == ""  # the end comes when the last writer is dead
