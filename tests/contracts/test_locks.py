"""What every registered lock keeps to, on its own and in sales; its facts are tested."""

from __future__ import annotations

import pytest

from booking.core.registry import members
from booking.experiments.lock_probe import probe
from booking.testing import LockContract
from tests.conftest import Sell
from tests.support.variants import contract_tests

LOCKS = [name for name, _ in members("lock")]
HELD_FOR_EVER = {"mutex"}  # by a holder that died; `soft` only by one that died in its acquire
DIES = [{"kind": "raise", "before": "release"}]

globals().update(contract_tests(LockContract, ({"lock": name} for name in LOCKS)))


@pytest.mark.sweep(usual=lambda name: name in {"flock", "mutex"})
@pytest.mark.parametrize("name", LOCKS)
def test_its_facts_are_those_that_a_torture_finds(name: str) -> None:
    """What `list` and `bench` print of it; no fact that can be found is left unstated."""
    found = probe(name)
    assert found.lies == []
    stated = {fact: getattr(found.declared, fact) for fact in found.found}
    assert stated == found.found
    assert {"crash_safe", "reentrant", "threads", "owned"} <= set(stated)


@pytest.mark.parametrize("name", LOCKS)
def test_one_holder_at_a_time(sell: Sell, name: str) -> None:
    """Buyers that order again and again, as fast as they can, sell each ticket once."""
    sale = sell(
        lock=name, buyers=4, tickets=60, until_sold_out=True, search=False, delay="0ms..1ms",
        control=False,
    )  # fmt: skip
    assert (sale["answers"], sale["sold"], sale["remaining"]) == ("valid", 60, 0)


def test_a_lock_that_excludes_no_process_is_found(sell: Sell) -> None:
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
def test_a_dead_holder_frees_it_as_stated(sell: Sell, name: str) -> None:
    """Beside the fact `crash_safe`: the others go on, or they hang and the sale says so."""
    sale = sell(lock=name, buyers=5, tickets=3, faults=DIES, timeout="1.5s", control=False)
    assert sale["processes"]["crashed"] == 1
    if name not in HELD_FOR_EVER:
        assert sale["answers"] == "valid"
        assert (sale["sold"], sale["remaining"], sale["operations"]["info"]) == (2, 0, 1)
    else:
        assert sale["verdict"] == "invalid"
        assert {anomaly["name"] for anomaly in sale["anomalies"]} == {"stale-lock", "hang"}
        assert sale["processes"]["hung"] == 4
        dead = int(next(iter(sale["processes"]["deaths"])))
        assert {wait["holder"] for wait in sale["processes"]["waits"]} == {dead}


@pytest.mark.parametrize("name", LOCKS)
def test_waiting_ends_with_the_time_limit(sell: Sell, name: str) -> None:
    """While one buyer holds the lock, the others give up and sell nothing."""
    pause = [{"kind": "pause", "before": "replace", "duration": "2s"}]
    sale = sell(lock=name, buyers=4, faults=pause, acquire_timeout="100ms", control=False)
    refusals = [
        event["error"]
        for event in sale["events"]
        if event["type"] == "fail" and event["f"] == "buy"
    ]
    assert refusals == ["lock-timeout"] * 3
    assert sale["sold"] == 1
