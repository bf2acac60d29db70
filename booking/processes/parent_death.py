"""A buyer must not outlive its harness, even one that is killed with SIGKILL.

Every process that `multiprocessing` starts holds the reading end of a pipe whose other end is
in the parent. When the parent dies the kernel closes that end.
"""

from __future__ import annotations

import os
from multiprocessing import parent_process

from booking.system.end_of_pipe import kill_group_at_end


def die_with_parent() -> None:
    """Put this process into a group of its own, and have that group killed with the parent."""
    os.setpgid(0, 0)
    parent = parent_process()
    if parent is not None:
        kill_group_at_end(parent.sentinel)
