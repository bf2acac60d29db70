"""The start barrier: counts arrivals, and starts as many processes as it is opened for."""

from __future__ import annotations

import threading

from booking.processes.start_barrier import StartBarrier


def test_arrivals_are_counted_once() -> None:
    """The descriptor is readable while an arrival was not counted."""
    barrier = StartBarrier()
    assert not barrier.has_arrivals()
    barrier.arrive()
    barrier.arrive()
    assert barrier.has_arrivals()
    assert barrier.count_arrivals() == 2
    assert not barrier.has_arrivals()
    barrier.close()


def test_a_barrier_that_stays_closed_ends_the_wait() -> None:
    """The buyer then reports that it did not open."""
    barrier = StartBarrier()
    assert not barrier.wait(0.01)
    barrier.close()


def test_one_opening_starts_every_buyer() -> None:
    """And no more buyers than it was opened for."""
    barrier = StartBarrier()
    started: list[bool] = []
    buyers = [threading.Thread(target=lambda: started.append(barrier.wait(30))) for _ in range(3)]
    for buyer in buyers:
        buyer.start()
    barrier.open(3)
    for buyer in buyers:
        buyer.join()
    assert started == [True, True, True]
    assert not barrier.wait(0.01)
    barrier.close()
