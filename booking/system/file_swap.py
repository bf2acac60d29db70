"""Let two files change places in one indivisible effect: Linux can, Python does not offer it."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE

# What a kernel, a file system or a sandbox answers that does not offer it; a rename may do.
NOT_OFFERED = frozenset(
    {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM, errno.EXDEV, errno.ENOENT}
)


def _find() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """Give the C library's renameat2(2), or None where it has none."""
    try:
        found = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return None
    found.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return found


_renameat2 = _find()


def exchange(one: str, other: str) -> None:
    """Give each file the other's name (renameat2(2), RENAME_EXCHANGE), or raise `OSError`.

    Both must be there. What was done is heard as `os.rename` is (an audit event), so that whoever
    listens for shared effects, the explorer for one, hears this one too.
    """
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), one)
    if _renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), one, None, other)
    sys.audit("os.rename", one, other, -1, -1)
