"""Measure the CPU time of a sale's processes, without the time to start them."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Sequence

from booking.history.model import Event
from booking.system.cpu_clock import used_ns


class CpuMeter:
    """A listener to one sale that reads the CPU clocks of its processes when the buyers may start.

    Starting a process costs more than many a sale, and is no part of it. On a system without a
    clock of another process, the start counts too.
    """

    wants_events = False

    def __init__(self) -> None:
        self._children_ns = _children_ns()
        self._start_ns = 0

    def opened(self, at_ns: int) -> None:
        """Read what the buyers have used so far."""
        children = multiprocessing.active_children()
        self._start_ns = sum(used_ns(child.pid) for child in children if child.pid)

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        """Do nothing: the work of a listener takes time from the buyers."""

    def used_ns(self) -> int:
        """Return the CPU time of the sale's processes, in ns, after all have ended."""
        return max(0, _children_ns() - self._children_ns - self._start_ns)


def _children_ns() -> int:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * 1e9)
