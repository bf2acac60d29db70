"""Which processes a lock of a server keeps out: those of this user, on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from booking.system.runtime_folder import SERVER_LOCK


def lock_reach(lock_file: Path | None) -> Iterator[str]:
    """Yield a caveat where a lock's file lies in the user's own runtime folder."""
    if lock_file is not None and SERVER_LOCK in lock_file.name:
        yield (
            f"the lock lies in {lock_file.parent}: it keeps out no other user of the server, and "
            "no process on another machine"
        )
