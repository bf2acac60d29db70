"""Keep one server: start it, and end it as soon as whoever asked for it is gone.

A script of its own (`python -I keeper.py '{…}'`), which imports nothing of ours. Its standard
input is a pipe from the harness: the end of that pipe, by a normal exit, Ctrl-C or SIGKILL
alike, ends the server and removes its folder. It is in a session of its own, so no Ctrl-C of a
terminal reaches it; and should it be killed itself, the kernel kills its server.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
LOOK_S = 0.2
STOP_S = 5.0
CANNOT = 97  # exit code: the program could not be started at all
OUT_OF_REACH = 98  # exit code: it could not as `nobody`, who may not read it


def main() -> int:
    """Run what the one argument describes; give its exit code."""
    wanted: dict[str, Any] = json.loads(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    parent = os.getppid()
    try:
        server = _started(wanted)
    except (OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - this script's log
        unreadable = wanted["ordinary"] and isinstance(error, PermissionError)
        return OUT_OF_REACH if unreadable else CANNOT
    while server.poll() is None and os.getppid() == parent:
        if select.select([0], [], [], LOOK_S)[0] and os.read(0, 1) == b"":
            break
    if server.poll() is None:
        _stop(server, wanted.get("stop_signal", signal.SIGTERM))
        shutil.rmtree(wanted["folder"], ignore_errors=True)
    return server.returncode


def _started(wanted: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the server; one that must not be root, in a namespace, or else as `nobody`."""
    if not wanted["ordinary"]:
        return _popen(wanted, _mortal)
    try:
        return _popen(wanted, _ordinary)
    except subprocess.SubprocessError:  # raised before the program began: there is no namespace
        _give(Path(wanted["folder"]), *_somebody())
        return _popen(wanted, _nobody)


def _popen(wanted: dict[str, Any], become: Callable[[], None]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        wanted["command"],
        stdin=subprocess.DEVNULL,
        env={**os.environ, **wanted.get("environment", {})},
        cwd=wanted["folder"],
        preexec_fn=become,  # noqa: PLW1509 - one thread
    )


def _give(folder: Path, uid: int, gid: int) -> None:
    """Make somebody the owner of a folder, which is ours and new, and of all that is in it."""
    os.chown(folder, uid, gid)
    for path in folder.rglob("*"):
        os.chown(path, uid, gid, follow_symlinks=False)


def _stop(server: subprocess.Popen[bytes], number: int) -> None:
    for how in (number, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(server.pid, how)
        deadline_s = time.monotonic() + STOP_S
        while server.poll() is None and time.monotonic() < deadline_s:
            time.sleep(0.01)


def _mortal() -> None:
    """Let the server die with its keeper, and hear every signal."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _ordinary() -> None:
    """Be an ordinary user in a namespace of one's own: files keep their owner, root is not seen."""
    uid, gid = _somebody()
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")
    _mortal()  # only now: a change of credentials would undo it


def _nobody() -> None:
    """Be that user for good; root alone can, and what he gave away before can be used."""
    uid, gid = _somebody()
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    _mortal()


def _somebody() -> tuple[int, int]:
    """Give an ordinary user who has a name: programs look theirs up."""
    try:
        one = pwd.getpwnam("nobody")
    except KeyError:
        one = next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
    return one.pw_uid, one.pw_gid


if __name__ == "__main__":
    sys.exit(main())
