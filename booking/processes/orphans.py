"""What buyers leave behind: found in /proc, ended, counted.

The harness makes itself the reaper of its descendants (prctl(2), PR_SET_CHILD_SUBREAPER), so a
process whose parent died comes to it, even from a session of its own.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

TIDY_S = 2.0
POLL_S = 0.01
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Seen:
    """A process as /proc shows it."""

    pid: int
    state: str
    parent: int
    group: int
    session: int


class OrphanReaper:
    """The processes of one harness, so that strangers are told from those of a sale."""

    def __init__(self) -> None:
        _adopt(True)
        self._before = {one.pid for one in _processes() if one.parent == os.getpid()}

    def tidy(self, buyers: set[int]) -> dict[str, int]:
        """End what buyers left behind; count what is still there after that (all should be 0)."""
        deadline = time.monotonic() + TIDY_S
        while left := list(self._left(buyers)):
            if time.monotonic() > deadline:
                break
            for one in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(one.pid, signal.SIGKILL)
                if one.parent == os.getpid() and one.pid not in buyers:
                    with suppress(ChildProcessError):
                        os.waitpid(one.pid, os.WNOHANG)
            time.sleep(POLL_S)
        _adopt(False)
        alive = [one for one in left if one.state != "Z"]
        return {
            "alive": sum(one.pid in buyers for one in alive),
            "zombies": len(left) - len(alive),
            "orphans": sum(one.pid not in buyers for one in alive),
        }

    def _left(self, buyers: set[int]) -> Iterator[Seen]:
        """Give the buyers themselves, whoever is in a buyer's group, and whoever came to us.

        A group counts only in our own session: numbers are used again, by strangers too.
        """
        helpers = _helpers()
        session = os.getsid(0)
        for one in _processes():
            ours = one.session == session and (one.pid in buyers or one.group in buyers)
            adopted = one.parent == os.getpid() and one.pid not in self._before | helpers
            if ours or adopted:
                yield one


def _helpers() -> set[int]:
    """Give the servers that multiprocessing keeps in this process's name."""
    pids = (
        getattr(forkserver._forkserver, "_forkserver_pid", None),
        getattr(resource_tracker._resource_tracker, "_pid", None),
    )
    return {pid for pid in pids if pid is not None}


def _adopt(yes: bool) -> None:
    """Let orphans below this process come to it, or to the system as usual."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


def _processes() -> Iterator[Seen]:
    """Give every process; nothing where there is no /proc."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        yield Seen(int(entry.name), fields[0], *map(int, fields[1:4]))
