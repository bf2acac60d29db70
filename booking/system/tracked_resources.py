"""Create what the resource tracker of `multiprocessing` removes: semaphores with a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

from booking.system.signals import signals_blocked


def start_tracker() -> None:
    """Start the tracker with all signals blocked.

    It ignores INT and TERM by itself. A terminal that closes sends HUP to it, too, and a tracker
    that is started anew knows no name.
    """
    with signals_blocked():
        resource_tracker.ensure_running()


@contextmanager
def tracked() -> Iterator[None]:
    """Block signals while the block creates: none comes between a name and its registration."""
    start_tracker()  # before: its start unblocks Ctrl-C
    with signals_blocked():
        yield
