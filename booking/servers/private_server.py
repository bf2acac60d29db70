"""Start a private server, wait until it is ready, end it with this process at the latest."""

from __future__ import annotations

import atexit
import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from booking.errors import InventoryError
from booking.system.scratch import claim_folder, claim_of, remove_folder, short_place

SUPERVISOR = Path(__file__).with_name("supervisor.py")
START_S = 30.0
POLL_S = 0.005
LOG = "server.log"
NO_PROCESS = os.strerror(errno.EAGAIN)  # of fork(2), and of a new thread
SIGNALLED = 128  # and the number of a signal: another one of them
UNREADABLE = 98  # an exit code of the supervisor


class EndedError(InventoryError):
    """A private server ended before it was ready."""


class PrivateServer:
    """One server in a folder of its own, reached through a socket in it.

    Only the process that started it may use or stop it; a fork leaves it alone.
    """

    def __init__(self, name: str, folder: Path, supervisor: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.folder = folder
        self._supervisor = supervisor
        self._owner_pid = os.getpid()
        atexit.register(self.stop)

    @property
    def alive(self) -> bool:
        """Whether it still runs, and this process started it."""
        return self._owner_pid == os.getpid() and self._supervisor.poll() is None

    def await_ready(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready; raise `InventoryError` with the reason where it is not."""
        deadline_s = time.monotonic() + START_S
        while not ready():
            if self._supervisor.poll() is not None or time.monotonic() > deadline_s:
                why, kind = self._why(), InventoryError if self.alive else EndedError
                self.stop()
                raise kind(f"a private {self.name} server did not start: {why}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """End it and remove its folder; do nothing in a process that did not start it."""
        if self._owner_pid != os.getpid():
            return
        atexit.unregister(self.stop)
        _end(self._supervisor)
        remove_folder(self.folder)

    def _why(self) -> str:
        return why(self._supervisor.returncode, self.folder / LOG)


class PrivateServers:
    """The private servers of one kind and process: a durable one and one that is not."""

    def __init__(self, start: Callable[[bool], PrivateServer]) -> None:
        self._start = start
        self._running: dict[bool, PrivateServer] = {}

    def running(self, *, durable: bool) -> PrivateServer:
        """Return the server; start it at the first call, and again where it has ended."""
        server = self._running.get(durable)
        if server is None or not server.alive:
            server = self._running[durable] = self._start(durable)
        return server


def private_folder() -> Path:
    """Create a folder whose path is short enough for a socket in it; return its path."""
    parent = short_place()
    if parent is None:
        raise InventoryError(
            "no folder with a short path can be written to: a socket needs one; set TMPDIR to one"
        )
    return claim_folder(parent)


def start(
    name: str, folder: Path, command: Sequence[str], *, stop_signal: int, ordinary: bool = False
) -> PrivateServer:
    """Start a server under a supervisor; `ordinary`: never as root."""
    return PrivateServer(name, folder, _supervised(folder, command, stop_signal, ordinary=ordinary))


def run_once(folder: Path, command: Sequence[str], *, ordinary: bool) -> str | None:
    """Run a program that ends by itself; return what went wrong, or None."""
    supervisor = _supervised(folder, command, 9, ordinary=ordinary)
    try:
        code = supervisor.wait(START_S)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        _end(supervisor)
    return None if code == 0 else why(code, folder / LOG)


def _end(supervisor: subprocess.Popen[bytes]) -> None:
    """Have a supervisor end its server; kill one that was stopped, and the kernel does it."""
    if supervisor.stdin is not None:
        supervisor.stdin.close()
    try:
        supervisor.wait(START_S)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait(START_S)


def why(code: int | None, log: Path) -> str:
    """Return the reason of a failure: the last error in the server's log, or its last line."""
    if code == UNREADABLE:
        return (
            "it refuses to run as root, this system allows no user namespace, and "
            "user nobody "  # codespell:ignore
            "may not read its program; run booking as an ordinary user, install it where "
            "every user may read, or name a server of yours"
        )
    with suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if "FATAL" in line or "error" in line.lower()]
        if lines:
            last = (errors or lines)[-1].strip()
            return f"{last}; raise the limit (ulimit -u)" if NO_PROCESS in last else last
    if code is None:
        return "it did not answer"
    return f"signal {code - SIGNALLED} ended it" if code > SIGNALLED else f"exit code {code}"


def _supervised(
    folder: Path, command: Sequence[str], stop_signal: int, *, ordinary: bool
) -> subprocess.Popen[bytes]:
    order = {
        "command": list(command), "folder": str(folder), "stop_signal": stop_signal,
        "ordinary": ordinary, "environment": {"LC_ALL": "C", "TZ": "UTC"},
    }  # fmt: skip
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(SUPERVISOR), json.dumps(order)],
            stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
            pass_fds=[claim_of(folder)],  # until the server has ended, no sweep may remove it
        )  # fmt: skip
