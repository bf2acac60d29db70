"""A lock is tortured alone, in real processes: each fault is found, and each fact."""

from __future__ import annotations

import pytest

from booking.core.verdict import Outcome
from booking.experiments.lock_probe import probe
from tests.support.explorations import explored

LOCKS = "tests.support.user_locks"
BROKEN = "tests.support.broken_locks"
FAULTS = {
    "tests.support.planted:NoLock": "a second process is let in while the first one holds it",
    "tests.support.shops:Thief": "a process that waits 0.05 s is let in while another holds it",
    f"{BROKEN}:GivesUp": "a wait of 0.05 s ends after 0.00 s",
    f"{BROKEN}:AnswersLate": "a wait of 0 s ends after 1.5",
    f"{LOCKS}:RefusalFrees": "a process that waits 0 s is let in while another holds it",
    f"{LOCKS}:WaitsOnOldFile": "two processes hold it after a release",
    f"{LOCKS}:UnlocksThenRemoves": "two processes hold it: one was stopped at ",
    f"{LOCKS}:CheckThenLock": "two processes hold it: one was stopped at tests/support",
    f"{LOCKS}:SharedName": "the lock of one folder is held with that of another",
    "tests.support.shops:FailingLock": "it fails: ZeroDivisionError: a defect of the lock",
}
LIES = {
    f"{BROKEN}:SurvivesSecretly": "crash_safe is stated as no, and found to be yes",
    f"{BROKEN}:NestsNothing": "reentrant is stated as yes, and found to be no",
    f"{LOCKS}:EmptyMarker": "a process was killed in its acquire, before tests/support",
    f"{LOCKS}:StatesFair": "fair is stated as yes, and found to be no",
    f"{LOCKS}:StatesOwned": "owned is stated as yes, and found to be no",
    f"{LOCKS}:StatesThreads": "threads is stated as yes, and found to be no",
}


@pytest.mark.parametrize("name, fault", FAULTS.items())
def test_a_fault_is_found(name: str, fault: str) -> None:
    """And named; a lock with a fault proves nothing."""
    found = probe(name)
    assert any(one.startswith(fault) for one in found.faults), found.faults
    assert set(found.faults) <= set(found.lies)


@pytest.mark.sweep(usual=lambda name: "EmptyMarker" not in name)
@pytest.mark.parametrize("name, lie", LIES.items())
def test_a_lie_is_found(name: str, lie: str) -> None:
    """A fact that is stated, and does not hold; the lock may serve all the same."""
    found = probe(name)
    assert (found.faults, len(found.lies)) == ((), 1)
    assert lie in found.lies[0]


def test_a_sound_lock_has_no_fault() -> None:
    """It states no fact, so it can state none that is wrong."""
    found = probe(f"{LOCKS}:Marker")
    assert found.lies == []
    assert found.found == {
        "reentrant": False, "threads": True, "owned": False, "crash_safe": False,
    }  # fmt: skip


def test_a_lock_is_tortured_once_in_a_run() -> None:
    """The result is kept."""
    assert probe("mutex") is probe("mutex")


@pytest.mark.parametrize("name", ["UnlocksThenRemoves", "CheckThenLock"])
def test_a_lock_that_fails_alone_proves_nothing(name: str) -> None:
    """The exploration itself finds no fault: it never waits, and never stops inside an acquire."""
    found = explored(2, 2, lock=f"{LOCKS}:{name}")
    assert found.exploration.outcome is Outcome.UNKNOWN
    assert "tortured alone" in found.reason
