"""Close file descriptors."""

from __future__ import annotations

import os
from contextlib import suppress


def close_quietly(fd: int) -> None:
    """Close a descriptor through which nothing was written that is not on disk already.

    Where close(2) fails the descriptor is closed nevertheless (Linux, close(2)), so the error
    would only hide what was done before: a ticket that is sold, a lock that is given back.
    """
    with suppress(OSError):
        os.close(fd)
