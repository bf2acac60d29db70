"""Refuse, before anything starts, a sale that is larger than the machine can hold."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

from booking.core.assembly import Assembly
from booking.core.scenario import Scenario
from booking.core.wording import counted
from booking.errors import CapacityError
from booking.processes.sale_memory import ensure_memory
from booking.system.cgroups import rooms

DESCRIPTORS_EACH = 4  # in the harness: two of multiprocessing's, and room for an event log
DESCRIPTORS_OWN = 64
PROCESSES_SPARE = 50  # for a control group and the whole system: other programs start some, too
PROCESSES_OWN = 4  # of a sale that are no buyers: a clerk, a fork server, what asks a server
SOCKET_PATH_MAX = 107
SOCKET_NAME = "/pymp-xxxxxxxx/listener-xxxxxxxx"  # of multiprocessing's, in the temporary folder


def ensure_room(scenario: Scenario) -> None:
    """Raise `CapacityError` where descriptors, processes or memory would run out."""
    buyers = scenario.buyers
    _descriptors(buyers)
    for limit, what in _process_limits(Path("/")):
        if buyers > limit:
            raise CapacityError(
                f"{counted(buyers, 'buyer')}, each a process, and {what} leaves room for "
                f"{max(0, limit)}; {_fewer(limit)}"
            )
    _socket_path(scenario.start_method)
    ensure_memory(scenario, scenario.tickets)


def _fewer(room: int) -> str:
    """Return advice that can be followed: a sale has one buyer at least."""
    if room < 1:
        return "raise that limit, or end other programs"
    return f"give --buyers {room} or less"


def ensure_connections(assembly: Assembly, instead: str = "") -> None:
    """Raise `CapacityError` where a private server takes fewer connections than buyers have."""
    scenario, most = assembly.scenario, assembly.store_traits.buyers_max
    if assembly.location or most is None:
        return
    if scenario.arrival == "serial" or scenario.buyers <= most:
        return
    raise CapacityError(
        f"{scenario.buyers} buyers need a connection each, and a private server of store "
        f"{assembly.store_name} has room for {most}; give --buyers {most} or less{instead}"
    )


def _descriptors(buyers: int) -> None:
    """Raise the soft limit as far as needed; refuse what is above the hard one."""
    needed = buyers * DESCRIPTORS_EACH + DESCRIPTORS_OWN
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        room = (hard - DESCRIPTORS_OWN) // DESCRIPTORS_EACH
        raise CapacityError(
            f"a sale of {counted(buyers, 'buyer')} needs {needed} open files, and the limit is "
            f"{hard} (ulimit -Hn); {_fewer(room)}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _process_limits(root: Path) -> Iterator[tuple[int, str]]:
    """Yield how many buyers each limit of this system allows, and its name."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if soft != resource.RLIM_INFINITY and os.getuid() != 0:
        mine = sum(_threads(folder, os.getuid()) for folder in _processes(root))
        yield soft - mine - PROCESSES_OWN, f"the limit of {soft} a user (ulimit -u)"
    for room, name in rooms("pids", root):
        yield room - PROCESSES_SPARE, f"the limit in {name}"
    pid_max = root / "proc/sys/kernel/pid_max"
    with suppress(OSError, ValueError):
        room = int(pid_max.read_text()) - sum(1 for _ in _processes(root))
        yield room - PROCESSES_SPARE, f"the limit in {pid_max}"


def _processes(root: Path) -> Iterator[Path]:
    return (root / "proc").glob("[0-9]*")


def _threads(folder: Path, uid: int) -> int:
    """Return how many threads a process of a user has, each of which counts; 0 of another user."""
    try:
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return 0  # it has ended
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    if fields.get("Uid", "").split()[:1] != [str(uid)]:
        return 0
    return int(fields.get("Threads", "1"))


def _socket_path(start_method: str) -> None:
    """Refuse a fork server where the temporary folder's path is too long for its socket."""
    folder = gettempdir()
    if start_method == "forkserver" and len(os.fsencode(folder + SOCKET_NAME)) > SOCKET_PATH_MAX:
        raise CapacityError(
            f"start method forkserver opens a socket in the temporary folder, and {folder} is too "
            "long a path for one; set TMPDIR to a shorter one, or give --start-method spawn"
        )
