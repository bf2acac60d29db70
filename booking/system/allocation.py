"""Allocate the blocks of a file, so that a full disk is an error at once, and no SIGBUS later."""

from __future__ import annotations

import os

CHUNK_BYTES = 1 << 16


def allocate(fd: int, size: int) -> None:
    """Make a file at least `size` bytes long, all of them on disk; raise `OSError` where it's full.

    Without posix_fallocate(3), as on macOS, zeros are written behind the end: a hole has no blocks.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
        return
    end = os.fstat(fd).st_size
    while end < size:
        end += os.pwrite(fd, bytes(min(CHUNK_BYTES, size - end)), end)
