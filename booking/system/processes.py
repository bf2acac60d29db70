"""Look up processes by their number."""

from __future__ import annotations

import os


def alive(pid: int) -> bool:
    """Return whether a process of that number exists; a zombie does."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
