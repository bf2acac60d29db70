"""What a forked process would share with its parent: open files, pipes, sockets, mapped memory."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

DESCRIPTORS, MAPPINGS = Path("/proc/self/fd"), Path("/proc/self/maps")
STANDARD = 2
SEMAPHORES = "/dev/shm/sem."


def shared_with_children() -> set[str]:
    """Return what a child would share that both can change; nothing where there is no /proc."""
    found: set[str] = set()
    with suppress(OSError):
        for entry in DESCRIPTORS.iterdir():
            with suppress(OSError):  # closed meanwhile: it was that of the folder
                if (kind := _kind(int(entry.name))) is not None:
                    found.add(f"{kind} {entry.readlink()}")
    with suppress(OSError):
        for line in MAPPINGS.read_text(errors="replace").splitlines():
            words = line.split(None, 5)
            path = words[5] if len(words) > 5 else "without a name"  # noqa: PLR2004 - columns
            if words[1].startswith("rw-s") and not path.startswith(SEMAPHORES):
                found.add(f"shared memory {path}")
    return found


def _kind(fd: int) -> str | None:
    """Return what an open file is; None where nothing is shared through it that can change."""
    if fd <= STANDARD:
        return None
    mode = os.fstat(fd).st_mode
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISFIFO(mode):
        return "pipe"
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    is_log = flags & os.O_APPEND and flags & os.O_ACCMODE == os.O_WRONLY
    writes = flags & os.O_ACCMODE != os.O_RDONLY
    return "file" if stat.S_ISREG(mode) and writes and not is_log else None
