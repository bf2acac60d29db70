"""flock: how it waits without an alarm, and what becomes of its descriptor."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from booking.errors import InventoryError
from booking.locks.flock import FlockLock


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[FlockLock]:
    """A lock that another descriptor of this process holds."""
    holder = FlockLock(tmp_path / "sale.lock")
    assert holder.acquire(0)
    yield holder
    holder.release()


def in_thread(call: Callable[[], bool]) -> bool:
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()
    thread.join()
    return results[0]


def test_a_thread_waits_without_an_alarm(holder: FlockLock) -> None:
    """Alarms reach the main thread only: the lock polls, until the limit or the release."""
    waiter = FlockLock(holder.path)
    assert not in_thread(lambda: waiter.acquire(0.02))
    holder.release()
    assert in_thread(lambda: waiter.acquire(5))
    waiter.release()
    assert holder.acquire(0)


def test_an_alarm_that_has_another_owner_is_left_alone(holder: FlockLock) -> None:
    """A program that uses SIGALRM keeps its handler; the lock polls."""
    alarms: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _frame: alarms.append(number))
    try:
        assert not FlockLock(holder.path).acquire(0.02)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert alarms == []


def test_a_release_yields_the_processor(holder: FlockLock, monkeypatch: pytest.MonkeyPatch) -> None:
    """After it has unlocked: the woken waiter goes first."""
    free: list[bool] = []

    def try_lock() -> None:
        other = FlockLock(holder.path)
        free.append(other.acquire(0))

    monkeypatch.setattr(os, "sched_yield", try_lock)
    holder.release()
    monkeypatch.undo()
    assert free == [True]
    assert holder.acquire(1)


def test_a_lock_file_that_cannot_be_created_is_one_line(tmp_path: Path) -> None:
    """It names the file, and what a lock needs."""
    lock = FlockLock(tmp_path / "no" / "sale.lock")
    with pytest.raises(InventoryError, match=r"sale\.lock: no such file .*; a lock needs a file"):
        lock.acquire(0)


def test_a_collected_lock_closes_its_descriptor(tmp_path: Path) -> None:
    """And with it releases the lock."""
    lock = FlockLock(tmp_path / "sale.lock")
    fd = lock.own()
    assert lock.acquire(0)
    del lock
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)
    assert FlockLock(tmp_path / "sale.lock").acquire(0)
