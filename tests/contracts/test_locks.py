"""What every registered lock keeps to, among real processes; its facts are tested, not believed."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from booking.core.protocols import Lock
from booking.core.registry import build, members
from booking.core.steps import driven_by
from tests.conftest import Sell
from tests.support.observers import Steps

LOCKS = [name for name, _ in members("lock")]
FACTS = dict(members("lock"))
DIES = [{"kind": "raise", "before": "release"}]


@pytest.mark.parametrize("name", LOCKS)
def test_one_holder_at_a_time(sell: Sell, name: str) -> None:
    """Buyers who come again and again, as fast as they can, sell each ticket once."""
    sale = sell(
        lock=name, buyers=4, tickets=60, until_sold_out=True, search=False, delay="0ms..1ms",
        control=False,
    )  # fmt: skip
    assert (sale["verdict"], sale["sold"], sale["remaining"]) == ("valid", 60, 0)


def test_a_lock_that_excludes_nobody_is_found(sell: Sell) -> None:
    """The test above can fail."""
    sale = sell(
        lock="tests.support.planted:NoLock",
        buyers=4,
        tickets=60,
        until_sold_out=True,
        search=False,
        delay="1ms..2ms",
        control=False,
    )
    assert sale["verdict"] == "invalid"


@pytest.mark.parametrize("name", LOCKS)
def test_it_comes_back_when_its_holder_dies_if_it_says_so(sell: Sell, name: str) -> None:
    """The fact `crash_safe`: the others go on, or they hang and it is found."""
    sale = sell(lock=name, buyers=5, tickets=3, faults=DIES, timeout="1.5s", control=False)
    assert sale["processes"]["crashed"] == 1
    if FACTS[name].crash_safe:
        assert sale["verdict"] == "valid"
        assert (sale["sold"], sale["remaining"], sale["operations"]["info"]) == (2, 0, 1)
    else:
        assert sale["verdict"] == "invalid"
        assert {one["name"] for one in sale["anomalies"]} == {"stale-lock", "hang"}
        assert sale["processes"]["hung"] == 4
        dead = int(next(iter(sale["processes"]["deaths"])))
        assert {one["holder"] for one in sale["processes"]["waits"]} == {dead}


@pytest.mark.parametrize("name", LOCKS)
def test_waiting_ends_with_the_time_limit(sell: Sell, name: str) -> None:
    """While one buyer keeps the lock, the others give up and sell nothing."""
    pause = [{"kind": "pause", "before": "replace", "duration": "2s"}]
    sale = sell(lock=name, buyers=4, faults=pause, acquire_timeout="100ms", control=False)
    refusals = [
        event["error"]
        for event in sale["events"]
        if event["type"] == "fail" and event["f"] == "buy"
    ]
    assert refusals == ["lock-timeout"] * 3
    assert sale["sold"] == 1


@pytest.mark.parametrize("name", LOCKS)
def test_steps_are_announced_and_it_can_be_taken_again(name: str, tmp_path: Path) -> None:
    """Acquire says whether the lock was had; with no time to wait a free lock is still had."""
    lock: Lock = build("lock", name, tmp_path / "x.lock")
    for timeout_s in (0, 1, 0):
        steps = Steps()
        with driven_by(steps):
            assert lock.acquire(timeout_s)
            lock.release()
        assert [action for action, _ in steps.told] == ["acquire", "saw", "release"]
        assert steps.told[1][1] == 1


@pytest.mark.parametrize("name", [name for name in LOCKS if name != "mutex"])
def test_a_file_lock_is_picklable_while_it_is_held(name: str, tmp_path: Path) -> None:
    """The copy holds nothing. (A mutex travels only while a process is being started.)"""
    lock: Lock = build("lock", name, tmp_path / "x.lock")
    assert lock.acquire(1)
    copy: Lock = pickle.loads(pickle.dumps(lock))
    lock.release()
    assert copy.acquire(1)
    copy.release()
