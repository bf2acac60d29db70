"""Tasks wait at their steps; a cancelled one does nothing more."""

from __future__ import annotations

from contextlib import suppress

import pytest

from booking.core.protocols import Order, Reply
from booking.core.steps import driven_by, step
from booking.core.verdict import Outcome
from booking.explorer.model import TaskSpec
from booking.explorer.task import CooperativeScheduler, Task
from tests.support.explorations import explored, shop


class _Tidy:
    """A guard whose `finally` has an effect, as a release has."""

    needs = object

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def sell(self, store, order: Order) -> Reply:
        step("acquire", "lock")
        self.log.append("acquired")
        try:
            step("replace", "file", 1)
            self.log.append("replaced")
        finally:
            step("release", "lock")
            self.log.append("released")
        return Reply("ok", ticket=1)


def _task(driver: CooperativeScheduler, log: list[str]) -> Task:
    return Task(driver, 0, TaskSpec("x"), None, _Tidy(log), search=False, staffed=False)


def test_an_effect_comes_after_its_step():
    """Announce before, never after: at the step nothing has happened yet."""
    driver, log = CooperativeScheduler(), []
    with driven_by(driver):
        task = _task(driver, log)
        driver.resume(task)
        assert (str(task.next), log) == ("acquire lock", [])
        driver.resume(task)
        assert (str(task.next), log) == ("replace file 1", ["acquired"])
        driver.resume(task)
        driver.resume(task)
    assert task.finished
    assert log == ["acquired", "replaced", "released"]


def test_a_task_cancelled_in_the_middle_has_no_effect_any_more():
    """The `finally` of a cancelled greenlet runs, and its release must not."""
    driver, log = CooperativeScheduler(), []
    with driven_by(driver):
        task = _task(driver, log)
        driver.resume(task)
        driver.resume(task)
        driver.cancel(task)
    assert task.finished
    assert log == ["acquired"]


def test_code_that_swallows_every_exception_is_cancelled_too():
    """Bounded patience: each exception that is swallowed is followed by another."""

    class Stubborn(_Tidy):
        def sell(self, store, order):
            for _ in range(5):
                with suppress(BaseException):
                    step("read", "file")
            self.log.append("went on")
            return Reply("ok", ticket=1)

    driver, log = CooperativeScheduler(), []
    with driven_by(driver):
        task = Task(driver, 0, TaskSpec("x"), None, Stubborn(log), search=False, staffed=False)
        driver.resume(task)
        driver.cancel(task)
    assert task.finished


@pytest.mark.parametrize("guard, said", [
    ("Quitter", "SystemExit"),
    ("Waiter", "without a step"),
    ("Threaded", "another thread"),
])  # fmt: skip
def test_a_guard_that_leaves_waits_or_threads_proves_nothing(monkeypatch, guard, said):
    """What the explorer cannot drive is unknown, with the place, and within a limit."""
    monkeypatch.setattr("booking.explorer.task.SEGMENT_S", 0.2)
    found = explored(2, 1, guard=shop(guard))
    assert found.exploration.outcome is Outcome.UNKNOWN
    assert said in found.reason


def test_a_guard_that_goes_on_whatever_is_raised_is_parked():
    """The search ends, and the race is found all the same."""
    assert explored(2, 1, guard=shop("Stubborn")).exploration.outcome is Outcome.INVALID
