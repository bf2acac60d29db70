"""Time limits on blocking calls: they end the call they are meant for, and no other."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from booking.system import deadline
from booking.system.deadline import Expired, lift, limit


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_wait_that_is_too_long_ends(pipe: tuple[int, int]) -> None:
    """Inside the system call that knows no limit; and again, the second time."""
    for _ in range(2):
        assert limit(0.03)
        with pytest.raises(Expired):
            os.read(pipe[0], 1)


def test_a_limit_that_was_lifted_ends_nothing(pipe: tuple[int, int]) -> None:
    """The timer may still ring; nobody is hit by it, and it is the last time."""
    assert limit(0.02)
    lift()
    threading.Event().wait(0.1)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_later_wait_has_its_own_limit(pipe: tuple[int, int]) -> None:
    """The ring of an earlier wait sets the timer anew instead of ending the later one."""
    assert limit(0.02)
    lift()
    assert limit(30)
    threading.Event().wait(0.06)
    left_s, _ = signal.getitimer(signal.ITIMER_REAL)
    assert left_s > 10
    lift()
    assert limit(0.02)  # an earlier one than the timer is set for
    with pytest.raises(Expired):
        os.read(pipe[0], 1)


def test_somebody_elses_alarm_is_left_alone() -> None:
    """Then there is no limit to be had, and the caller asks again and again instead."""
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        deadline._alarm.forget()
        assert not limit(1)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_alarms_belong_to_the_main_thread() -> None:
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(limit(1)))
    thread.start()
    thread.join()
    assert answers == [False]
