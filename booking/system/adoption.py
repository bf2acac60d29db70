"""Become the parent of orphans: of processes below this one whose own parent has ended.

Linux has prctl(2) with PR_SET_CHILD_SUBREAPER for it. Elsewhere an orphan becomes a child of the
first process of the system. It is then known by its process group, unless it made one of its own.
"""

from __future__ import annotations

import ctypes
from functools import cache

PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37


def adopt_orphans(enabled: bool) -> None:
    """Adopt orphans from now on, or leave them to the system; do nothing where that is missing."""
    if can_adopt():
        _prctl(PR_SET_CHILD_SUBREAPER, int(enabled))


@cache
def can_adopt() -> bool:
    """Return whether this system has adoption."""
    answer = ctypes.c_int()  # kept until the kernel has written to it
    try:
        return _prctl(PR_GET_CHILD_SUBREAPER, ctypes.addressof(answer)) == 0
    except (AttributeError, OSError, TypeError):
        return False


def _prctl(option: int, argument: int) -> int:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return int(prctl(option, ctypes.c_ulong(argument), 0, 0, 0))
