"""How much memory this machine has for us, and the refusal of what would take more.

Memory that is not there is not refused when it is asked for: the kernel ends some process later.
So what a large task takes is estimated beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from booking.errors import CapacityError
from booking.system.cgroups import rooms
from booking.system.sizes import shown_size


class Room(NamedTuple):
    """Memory that is left, and what limits it."""

    size: int
    limited_by: str


class Need(NamedTuple):
    """What a task takes: in the harness, and in all of its processes together."""

    harness: int
    total: int


_allowed: list[int] = []  # `--max-memory` of the command that runs


def allow(size: int) -> None:
    """Take this for what there is, whatever the system says."""
    _allowed[:] = [size]


def forget_allowed() -> None:
    """Ask the system again."""
    _allowed.clear()


def ensure_fits(
    what: str, need: Need, instead: Callable[[int], str], root: Path = Path("/")
) -> None:
    """Raise `CapacityError` where a task would not fit.

    `instead` returns what would fit into so many bytes, as advice.
    """
    for room, wanted in ((total_room(root), need.total), (own_room(root), need.harness)):
        if room is not None and wanted > room.size:
            raise CapacityError(
                f"{what} would take about {shown_size(wanted)} of memory, and there are "
                f"{shown_size(room.size)} ({room.limited_by}); {instead(room.size)}, or "
                "allow more with --max-memory SIZE"
            )


def total_room(root: Path = Path("/")) -> Room | None:
    """Return what all processes of ours may take together; None where no limit is known."""
    if _allowed:
        return Room(_allowed[0], "--max-memory")
    return min(_total_rooms(root), default=None)


def own_room(root: Path = Path("/")) -> Room | None:
    """Return what this process may take: the limit of its address space; None without one."""
    try:
        import resource
    except ImportError:
        return None  # Windows has no such limit
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if _allowed or limit == resource.RLIM_INFINITY:
        return None
    with suppress(OSError, ValueError, IndexError):
        pages = int((root / "proc/self/statm").read_text().split()[0])
        return Room(max(0, limit - pages * resource.getpagesize()), "ulimit -v")
    return Room(limit, "ulimit -v")


def _total_rooms(root: Path) -> Iterator[Room]:
    with suppress(OSError, ValueError, IndexError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield Room(int(line.split()[1]) << 10, "MemAvailable")
    for size, name in rooms("memory", root):
        yield Room(size, name)
