"""Read the limits of this process's control groups, of either version, from the kernel's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

UNLIMITED = 1 << 60  # version 1 has no word for it, but the largest number that fits a page
MOUNT = "sys/fs/cgroup"
# The files of a limit and of what is used, by controller and version.
FILES = {
    ("memory", 1): ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    ("memory", 2): ("memory.max", "memory.current"),
    ("pids", 1): ("pids.max", "pids.current"),
    ("pids", 2): ("pids.max", "pids.current"),
}
# Pages of files that the kernel drops as soon as memory is needed; they count as used.
DROPPABLE = {1: "total_inactive_file", 2: "inactive_file"}


def rooms(controller: str, root: Path = Path("/")) -> Iterator[tuple[int, str]]:
    """Yield how much each control group above this process has left, and the file of its limit."""
    for version, folder in _folders(controller, root):
        limit_name, usage_name = FILES[controller, version]
        limit, used = _number(folder / limit_name), _number(folder / usage_name)
        if limit is None or limit >= UNLIMITED or used is None:
            continue
        if controller == "memory":
            used -= _entry(folder / "memory.stat", DROPPABLE[version])
        yield max(0, limit - used), str(folder / limit_name)


def _folders(controller: str, root: Path) -> Iterator[tuple[int, Path]]:
    """Yield the folder of each group of this process, innermost first, with the version."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if names and controller not in names.split(","):
            continue
        version = 1 if names else 2
        mount = root / MOUNT / names if names else root / MOUNT
        group = mount / path.lstrip("/")
        # A container may see its own group at the mount, and a path that is the host's.
        for folder in (group, *group.parents):
            if folder.is_relative_to(mount):
                yield version, folder


def _number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _entry(path: Path, name: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0)
