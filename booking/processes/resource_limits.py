"""Refuse, before anything starts, a sale that is larger than the machine can hold."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

from booking.core.assembly import Assembly
from booking.core.scenario import Scenario
from booking.core.wording import counted
from booking.errors import CapacityError
from booking.processes.sale_memory import ensure_memory
from booking.system.cgroups import rooms
from booking.system.process_counts import numbers_left, threads_of

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
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError) as error:  # macOS takes no more than the kernel's own limit
        room = (soft - DESCRIPTORS_OWN) // DESCRIPTORS_EACH
        raise CapacityError(
            f"a sale of {counted(buyers, 'buyer')} needs {needed} open files, and the limit of "
            f"{soft} cannot be raised so far: {error}; {_fewer(room)}"
        ) from None


def _process_limits(root: Path) -> Iterator[tuple[int, str]]:
    """Yield how many buyers each limit of this system allows, and its name."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if soft != resource.RLIM_INFINITY and os.getuid() != 0:
        mine = threads_of(os.getuid(), root)
        yield soft - mine - PROCESSES_OWN, f"the limit of {soft} a user (ulimit -u)"
    for room, name in rooms("pids", root):
        yield room - PROCESSES_SPARE, f"the limit in {name}"
    if (numbers := numbers_left(root)) is not None:
        yield numbers[0] - PROCESSES_SPARE, f"the limit in {numbers[1]}"


def _socket_path(start_method: str) -> None:
    """Refuse a fork server where the temporary folder's path is too long for its socket."""
    folder = gettempdir()
    if start_method == "forkserver" and len(os.fsencode(folder + SOCKET_NAME)) > SOCKET_PATH_MAX:
        raise CapacityError(
            f"start method forkserver opens a socket in the temporary folder, and {folder} is too "
            "long a path for one; set TMPDIR to a shorter one, or give --start-method spawn"
        )
