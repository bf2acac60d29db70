"""Buyers stand at their steps; whoever is sent away does nothing more."""

from __future__ import annotations

from contextlib import suppress

from booking.core.protocols import Order, Reply
from booking.core.steps import drive, driven_by, saw, step
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.model import Plan, TaskSpec
from booking.explorer.task import CooperativeScheduler, Task
from booking.explorer.transition_cache import TransitionCache
from booking.locks.flock import FlockLock
from booking.stores.memory_shared import MemorySharedStore


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


def _actor(stage: CooperativeScheduler, log: list[str]) -> Task:
    return Task(stage, 0, TaskSpec("x"), None, _Tidy(log), search=False, staffed=False)


def test_an_effect_comes_after_its_step_was_let_through():
    """Announce before, never after: at the step nothing has happened yet."""
    stage, log = CooperativeScheduler(), []
    with driven_by(stage):
        actor = _actor(stage, log)
        stage.enter(actor)
        assert (str(actor.next), log) == ("acquire lock", [])
        stage.enter(actor)
        assert (str(actor.next), log) == ("replace file 1", ["acquired"])
        stage.enter(actor)
        stage.enter(actor)
    assert actor.finished
    assert log == ["acquired", "replaced", "released"]


def test_whoever_is_sent_away_in_the_middle_has_no_effect_any_more():
    """The `finally` of a dropped greenlet runs, and its release must not."""
    stage, log = CooperativeScheduler(), []
    with driven_by(stage):
        actor = _actor(stage, log)
        stage.enter(actor)
        stage.enter(actor)
        stage.dismiss(actor)
    assert actor.finished
    assert log == ["acquired"]


def test_code_that_swallows_everything_is_sent_away_too():
    """Bounded patience: each exception that is swallowed is followed by another."""

    class Stubborn(_Tidy):
        def sell(self, store, order):
            for _ in range(5):
                with suppress(BaseException):
                    step("read", "file")
            self.log.append("went on")
            return Reply("ok", ticket=1)

    stage, log = CooperativeScheduler(), []
    with driven_by(stage):
        actor = Task(stage, 0, TaskSpec("x"), None, Stubborn(log), search=False, staffed=False)
        stage.enter(actor)
        stage.dismiss(actor)
    assert actor.finished


def test_an_abandoned_execution_leaves_the_next_one_alone(tmp_path):
    """Half a sale holds a real lock; the next execution finds its own lock free."""

    def set_up(folder):
        from booking.core.protocols import Place
        from booking.guards.lock import LockGuard
        from booking.stores.json_replaced import JsonStore

        class Kit:
            lock = FlockLock(folder / "lock")
            acquire_timeout_s = 0.0

        return JsonStore(Place("", folder)), LockGuard(Kit())

    plan = Plan(2, (TaskSpec("x"), TaskSpec("x")), set_up)
    with ExecutionEnvironment(plan, tmp_path) as theatre:
        lab = TransitionCache(theatre)
        for _ in range(3):
            with theatre.open() as world:
                lab.run(world, [0, 0])
        with theatre.open() as world:
            lab.run(world, [0, 0, 0, 0, 1, 1, 1, 1])
            assert world.finished()
    assert theatre.doubts() == []


def test_the_driver_before_comes_back(tmp_path):
    """An exploration leaves the seam as it found it."""
    before = drive(None)
    drive(before)
    store = MemorySharedStore.__new__(MemorySharedStore)
    assert store.resource == "memory"
    plan = Plan(1, (), lambda folder: (store, None))
    with ExecutionEnvironment(plan, tmp_path) as theatre:
        assert drive(theatre.stage) is theatre.stage
    assert drive(before) is before
    saw(1)  # nobody listens
