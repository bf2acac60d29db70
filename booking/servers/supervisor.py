"""Supervise one server: start it, and end it as soon as the harness that asked for it ends.

A script of its own (`python -I supervisor.py '{…}'`), which imports nothing of ours. Its standard
input is a pipe from the harness. The end of that pipe, by a normal exit, Ctrl-C or SIGKILL alike,
ends the server and removes its folder. The script runs in a session of its own, so a terminal's
Ctrl-C never reaches it. Where the script itself is killed, the kernel kills its server.
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
MARKER = ".booking"  # of a scratch folder: system/scratch.py
POLL_S = 0.2
STOP_S = 5.0
SIGNALLED = 128  # exit code, and the number of the signal that ended the server
FAILED = 97  # exit code: the program could not be started
UNREADABLE = 98  # exit code: it could not be started as `nobody`, who may not read it


def main() -> int:
    """Run the server that the argument describes; return its exit code."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # what the harness blocked is not ours
    parent = os.getppid()
    try:
        server = _start(order)
    except (OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - this script's log
        unreadable = order["ordinary"] and isinstance(error, PermissionError)
        return UNREADABLE if unreadable else FAILED
    while server.poll() is None and os.getppid() == parent:
        if select.select([0], [], [], POLL_S)[0] and os.read(0, 1) == b"":
            break
    if server.poll() is None:
        _stop(server, order.get("stop_signal", signal.SIGTERM))
        _remove(Path(order["folder"]))
    return server.returncode if server.returncode >= 0 else SIGNALLED - server.returncode


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the server; an `ordinary` one in a user namespace, or else as `nobody`."""
    if not order["ordinary"]:
        return _popen(order, _die_with_parent)
    try:
        return _popen(order, _enter_user_namespace)
    except subprocess.SubprocessError:  # raised before the program began: there is no namespace
        _change_owner(Path(order["folder"]), *_ordinary_user())
        return _popen(order, _drop_privileges)


def _popen(order: dict[str, Any], prepare: Callable[[], None]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        order["command"],
        stdin=subprocess.DEVNULL,
        env={**os.environ, **order.get("environment", {})},
        cwd=order["folder"],
        preexec_fn=prepare,  # noqa: PLW1509 - one thread
    )


def _change_owner(folder: Path, uid: int, gid: int) -> None:
    """Make another user the owner of a new folder and of all that is in it but our marker."""
    os.chown(folder, uid, gid)
    for path in folder.rglob("*"):
        if path.name != MARKER:
            os.chown(path, uid, gid, follow_symlinks=False)


def _remove(folder: Path) -> None:
    """Remove the folder; its marker last, so that one that is left half empty is still ours."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != MARKER:
                path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _stop(server: subprocess.Popen[bytes], number: int) -> None:
    for pid in _family(server.pid):  # one that was stopped would outlive its parent
        with suppress(OSError):
            os.kill(pid, signal.SIGCONT)
    for how in (number, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(server.pid, how)
        deadline_s = time.monotonic() + STOP_S
        while server.poll() is None and time.monotonic() < deadline_s:
            time.sleep(0.01)


def _family(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            parents[int(entry.name)] = int(
                (entry / "stat").read_text().rpartition(")")[2].split()[1]
            )
    family = [root]
    for member in family:
        family += [pid for pid, parent in parents.items() if parent == member]
    return family


def _die_with_parent() -> None:
    """Have the kernel kill the server with its supervisor; restore the default signal handlers."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _enter_user_namespace() -> None:
    """Enter a user namespace in which root is an ordinary user; files keep their owner."""
    uid, gid = _ordinary_user()
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")
    _die_with_parent()  # last: a change of credentials would undo it


def _drop_privileges() -> None:
    """Become an ordinary user for good; only root can, after `_change_owner` of the folder."""
    uid, gid = _ordinary_user()
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    _die_with_parent()


def _ordinary_user() -> tuple[int, int]:
    """Return the user and group number of a user with a name: programs look theirs up."""
    try:
        user = pwd.getpwnam("nobody")  # codespell:ignore
    except KeyError:
        user = next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
    return user.pw_uid, user.pw_gid


if __name__ == "__main__":
    sys.exit(main())
