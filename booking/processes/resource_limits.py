"""Refuse, before anything starts, a sale that is larger than the machine can hold."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from booking.core.assembly import Assembly
from booking.errors import CapacityError

DESCRIPTORS_EACH = 4  # in the harness: two of multiprocessing's, and room for an event log
DESCRIPTORS_OWN = 64
MEMORY_EACH_BYTES = {"fork": 6 << 20, "forkserver": 12 << 20, "spawn": 24 << 20}
PROCESSES_SPARE = 50


def ensure_room(buyers: int, start_method: str) -> None:
    """Raise `CapacityError` where descriptors, processes or memory would run out."""
    _descriptors(buyers)
    for limit, what in _process_limits():
        if buyers + PROCESSES_SPARE > limit:
            room = max(0, limit - PROCESSES_SPARE)
            raise CapacityError(
                f"{buyers} buyers need {buyers} processes, and {what} leaves room for {room}; "
                f"give --buyers {room} or less"
            )
    _memory(buyers, MEMORY_EACH_BYTES[start_method])


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
        room = max(0, (hard - DESCRIPTORS_OWN) // DESCRIPTORS_EACH)
        raise CapacityError(
            f"{buyers} buyers need {needed} open files, and the limit is {hard} (ulimit -Hn); "
            f"give --buyers {room} or less"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _process_limits() -> list[tuple[int, str]]:
    """Return how many more processes each limit of this system allows, and its name."""
    limits = []
    running = sum(entry.name.isdigit() for entry in Path("/proc").glob("[0-9]*"))
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if soft != resource.RLIM_INFINITY and os.getuid() != 0:
        limits.append((soft - running, f"the limit of {soft} a user (ulimit -u)"))
    for path in ("/proc/sys/kernel/pid_max", "/sys/fs/cgroup/pids.max"):
        value = _number(Path(path))
        if value is not None:
            limits.append((value - running, f"the limit of {value} in {path}"))
    return limits


def _memory(buyers: int, each_bytes: int) -> None:
    available = _available_bytes()
    if available is not None and buyers * each_bytes > available:
        room = available // each_bytes
        raise CapacityError(
            f"{buyers} buyers need about {buyers * each_bytes >> 20} MiB, and "
            f"{available >> 20} MiB are free; give --buyers {room} or less"
        )


def _available_bytes() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return None


def _number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
