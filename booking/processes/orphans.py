"""Find what buyers leave behind, end it, and count what is still there.

The harness makes itself the reaper of its descendants where the system has that. So a process
whose parent died becomes its child, even from a session of its own. Without it, only what stayed
in a buyer's group is found: a verdict then rests on that, and says so.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker
from typing import NamedTuple

from booking.system.adoption import adopt_orphans
from booking.system.processes import ProcessStat, processes

REAP_S = 2.0
POLL_S = 0.01


class Census(NamedTuple):
    """How many processes of a sale were left after the harness ended all: 0 each, if all is well.

    A zombie is counted as such only; an orphan is a process that a buyer started.
    """

    alive: int
    zombies: int
    orphans: int


class OrphanReaper:
    """Ends and reaps the processes that a sale's buyers left, and no others."""

    def __init__(self) -> None:
        adopt_orphans(True)
        self._earlier = {
            process.pid for process in processes() or () if process.parent == os.getpid()
        }  # children of the harness that no buyer left

    def reap(self, buyers: set[int]) -> Census:
        """End what buyers left behind; count what is still there after that."""
        deadline = time.monotonic() + REAP_S
        while remaining := list(self._remaining(buyers)):
            if time.monotonic() > deadline:
                break
            for process in remaining:
                _kill(process, reap=process.pid not in buyers)
            time.sleep(POLL_S)
        adopt_orphans(False)
        alive = [process for process in remaining if process.state != "Z"]
        return Census(
            alive=sum(process.pid in buyers for process in alive),
            zombies=len(remaining) - len(alive),
            orphans=sum(process.pid not in buyers for process in alive),
        )

    def _remaining(self, buyers: set[int]) -> Iterator[ProcessStat]:
        """Yield the buyers themselves, processes of a buyer's group, and adopted orphans.

        A group counts only in the harness's own session: the system uses numbers again, and
        another program's group may have a number that a buyer had.
        """
        helpers = _helpers()
        session = os.getsid(0)
        for process in processes() or ():
            of_a_buyer = process.pid in buyers or process.group in buyers
            adopted = process.parent == os.getpid() and process.pid not in self._earlier | helpers
            if adopted or (of_a_buyer and process.session == session):
                yield process


def _kill(process: ProcessStat, *, reap: bool) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process.pid, signal.SIGKILL)
    if reap and process.parent == os.getpid():
        with suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)


def _helpers() -> set[int]:
    """Return the servers that multiprocessing runs for this process."""
    pids = (
        getattr(forkserver._forkserver, "_forkserver_pid", None),
        getattr(resource_tracker._resource_tracker, "_pid", None),
    )
    return {pid for pid in pids if pid is not None}
