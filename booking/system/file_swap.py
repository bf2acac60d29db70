"""Swap two files atomically: Linux has renameat2(2) for it, and Python offers no call."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable

AT_FDCWD = -100
RENAME_EXCHANGE = 2

# Errors of a kernel, a file system or a sandbox without the call; a plain rename may still work.
NOT_OFFERED = frozenset(
    {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM, errno.EXDEV, errno.ENOENT}
)


def _find() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """Return the C library's renameat2(2), or None where it has none."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return None
    renameat2.argtypes = (
        ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
    )  # fmt: skip
    return renameat2


_renameat2 = _find()


def exchange(first: str, second: str) -> None:
    """Swap the names of two files that exist (RENAME_EXCHANGE), or raise `OSError`.

    A swap raises the audit event of `os.rename`. So an auditor of shared effects, such as the
    explorer, sees this one too.
    """
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), first)
    names = os.fsencode(first), os.fsencode(second)
    if _renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), first, None, second)
    sys.audit("os.rename", first, second, -1, -1)
