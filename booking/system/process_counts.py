"""Count processes and threads, and how many more the system has numbers for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from booking.system.processes import numbers


def threads_of(uid: int, root: Path = Path("/")) -> int:
    """Return how many threads the processes of a user have: each counts against its limit.

    Without /proc every process counts, of all users: too many rather than too few.
    """
    if not (root / "proc/self").exists() and root == Path("/"):
        return len(numbers())
    return sum(_threads(folder, uid) for folder in _folders(root))


def numbers_left(root: Path = Path("/")) -> tuple[int, Path] | None:
    """Return how many numbers of processes are left, and the file of the limit, or None."""
    pid_max = root / "proc/sys/kernel/pid_max"
    with suppress(OSError, ValueError):
        return int(pid_max.read_text()) - sum(1 for _ in _folders(root)), pid_max
    return None


def _folders(root: Path) -> Iterator[Path]:
    return (root / "proc").glob("[0-9]*")


def _threads(folder: Path, uid: int) -> int:
    try:
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return 0  # it has ended
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    if fields.get("Uid", "").split()[:1] != [str(uid)]:
        return 0
    return int(fields.get("Threads", "1"))
