"""Read the CPU clock of another process, which Linux has; elsewhere it is not to be read."""

from __future__ import annotations

import time

CLOCK_OF_A_PROCESS = 2  # clock_getcpuclockid(3): the clock's number is made of the process's


def used_ns(pid: int) -> int:
    """Return the CPU time that a process has used so far; 0 where that is unknown."""
    try:
        return time.clock_gettime_ns((~pid << 3) | CLOCK_OF_A_PROCESS)
    except OSError:
        return 0
