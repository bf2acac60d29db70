"""Timeouts of blocking calls: each ends the call that it was armed for, and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from booking.system import deadline
from booking.system.deadline import Expired, arm, disarm


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_wait_that_is_too_long_ends(pipe: tuple[int, int]) -> None:
    """Inside a system call that takes no timeout; and again, the second time."""
    for _ in range(2):
        assert arm(0.03)
        with pytest.raises(Expired):
            os.read(pipe[0], 1)


def test_a_disarmed_timeout_ends_nothing(pipe: tuple[int, int]) -> None:
    """The timer may still ring once, without effect."""
    assert arm(0.02)
    disarm()
    threading.Event().wait(0.1)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_later_wait_has_its_own_timeout(pipe: tuple[int, int]) -> None:
    """The ring of an earlier wait sets the timer anew instead of ending the later one."""
    assert arm(0.02)
    disarm()
    assert arm(30)
    threading.Event().wait(0.06)
    left_s, _ = signal.getitimer(signal.ITIMER_REAL)
    assert left_s > 10
    disarm()
    assert arm(0.02)  # an earlier one than the timer is set for
    with pytest.raises(Expired):
        os.read(pipe[0], 1)


EXITS_SOON = """
import atexit, signal
atexit.register(lambda: print(signal.getitimer(signal.ITIMER_REAL)))  # runs last
from booking.system.deadline import arm, disarm
assert arm(60)
disarm()
"""


def test_no_timer_is_left_at_exit() -> None:
    """A ring after Python has taken its handlers back would end the process by SIGALRM."""
    done = subprocess.run(
        [sys.executable, "-c", EXITS_SOON], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "(0.0, 0.0)"), done.stderr


def test_a_foreign_alarm_is_left_alone() -> None:
    """Then no timeout can be armed, and the caller polls instead."""
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        deadline._alarm.reset()
        assert not arm(1)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_alarms_belong_to_the_main_thread() -> None:
    """Another thread cannot arm a timeout."""
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(arm(1)))
    thread.start()
    thread.join()
    assert answers == [False]
