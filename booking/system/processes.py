"""Look up processes by their number."""

from __future__ import annotations

import os

TRIES = 3


def numbers() -> list[int]:
    """Return the number of every process; none where there is no /proc.

    It is asked in the clean-up of a sale, whose result an error would lose: so it is asked again.
    """
    for _ in range(TRIES):
        try:
            return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - quicker
        except OSError:
            continue
    return []


def alive(pid: int) -> bool:
    """Return whether a process of that number exists; a zombie does."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
