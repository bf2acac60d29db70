"""Start a private server and know when it is ready; end it with this process at the latest."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from booking.errors import InventoryError
from booking.system.scratch import PREFIX, sweep

KEEPER = Path(__file__).with_name("supervisor.py")
START_S = 30.0
POLL_S = 0.005
SOCKET_PATH_MAX = 100  # sockaddr_un has 108 bytes, and a name comes behind the folder
LOG = "server.log"
OUT_OF_REACH = 98  # as the keeper has it


class EndedError(InventoryError):
    """A private server ended before it served anybody."""


class PrivateServer:
    """One server in a folder of its own, reached through a socket in it."""

    def __init__(self, name: str, folder: Path, keeper: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.folder = folder
        self._keeper = keeper
        self._owner_pid = os.getpid()
        atexit.register(self.stop)

    @property
    def alive(self) -> bool:
        """Whether it still runs, for this process."""
        return self._owner_pid == os.getpid() and self._keeper.poll() is None

    def await_ready(self, ready: Callable[[], bool]) -> None:
        """Wait until it serves, or say why it does not."""
        deadline_s = time.monotonic() + START_S
        while not ready():
            if self._keeper.poll() is not None or time.monotonic() > deadline_s:
                why, kind = self._why(), InventoryError if self.alive else EndedError
                self.stop()
                raise kind(f"a private {self.name} server would not start: {why}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """End it, and remove all it had; only whoever started it may."""
        if self._owner_pid != os.getpid():
            return
        atexit.unregister(self.stop)
        if self._keeper.stdin is not None:
            self._keeper.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._keeper.wait(START_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _why(self) -> str:
        return why(self._keeper.returncode, self.folder / LOG)


def private_folder() -> Path:
    """Make a folder whose path is short enough for a socket in it."""
    for where in (tempfile.gettempdir(), "/tmp"):
        if len(where) + len(PREFIX) + 32 < SOCKET_PATH_MAX and os.access(where, os.W_OK | os.X_OK):
            sweep(Path(where))
            return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=where))
    raise InventoryError(
        "no folder with a short path can be written to: a socket needs one; set TMPDIR to one"
    )


def start(
    name: str, folder: Path, command: Sequence[str], *, stop_signal: int, ordinary: bool = False
) -> PrivateServer:
    """Start a server under a keeper; `ordinary`: root must not be seen by it."""
    return PrivateServer(name, folder, _kept(folder, command, stop_signal, ordinary=ordinary))


def run_once(folder: Path, command: Sequence[str], *, ordinary: bool) -> str | None:
    """Run a program that ends by itself; give what went wrong, if anything did."""
    keeper = _kept(folder, command, 9, ordinary=ordinary)
    try:
        code = keeper.wait(START_S)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        if keeper.stdin is not None:
            keeper.stdin.close()
        keeper.wait(START_S)
    return None if code == 0 else why(code, folder / LOG)


def why(code: int | None, log: Path) -> str:
    """Give the line of a server's log that says most."""
    if code == OUT_OF_REACH:
        return (
            "it refuses to run as root, this system allows no user namespace, and user nobody "
            "may not read its program; run booking as an ordinary user, install it where "
            "everybody may read, or name a server of yours"
        )
    with suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        told = [line for line in lines if "FATAL" in line or "error" in line.lower()]
        if told or lines:
            return (told or lines)[-1].strip()
    return "it did not answer" if code is None else f"exit code {code}"


def _kept(
    folder: Path, command: Sequence[str], stop_signal: int, *, ordinary: bool
) -> subprocess.Popen[bytes]:
    wanted = {
        "command": list(command), "folder": str(folder), "stop_signal": stop_signal,
        "ordinary": ordinary, "environment": {"LC_ALL": "C", "TZ": "UTC"},
    }  # fmt: skip
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER), json.dumps(wanted)],
            stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
