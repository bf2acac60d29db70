"""Executions: locks are really asked, and one execution leaves the next alone."""

from __future__ import annotations

from booking.core.steps import drive, saw
from booking.core.verdict import Outcome
from booking.explorer.execution import ExecutionEnvironment
from booking.explorer.model import Plan, TaskSpec
from booking.explorer.transition_cache import TransitionCache
from booking.locks.flock import FlockLock
from booking.stores.memory_shared import MemorySharedStore
from tests.support.explorations import caveats_of, explored, shop


def test_a_free_lock_that_is_refused_is_unknown():
    """No task holds it by its own steps, and yet it is not acquired."""
    for name in ("ShutDoor", "KeptDoor"):
        caveats = caveats_of(lock=shop(name))
        assert any("was refused although no task holds it" in caveat for caveat in caveats)
        assert any("acquire data.json.lock" in caveat for caveat in caveats)


def test_a_lock_that_two_can_acquire_proves_nothing():
    """A held lock is really asked for: that it refuses is not taken on trust."""
    proof = explored(2, 2, lock=shop("OpenDoor"))
    assert proof.exploration.outcome is Outcome.INVALID
    assert [one.action for one in proof.counterexample.steps].count("acquire") == 2


def test_an_abandoned_execution_leaves_the_next_one_alone(tmp_path):
    """Half a sale holds a real lock; the next execution finds its own lock free."""

    def set_up(folder, monitored):
        from booking.core.protocols import Place
        from booking.guards.lock import LockGuard
        from booking.stores.json_replaced import JsonStore

        class Kit:
            lock = FlockLock(folder / "lock")
            acquire_timeout_s = 0.0

        return JsonStore(Place("", folder)), LockGuard(Kit())

    plan = Plan(2, (TaskSpec("x"), TaskSpec("x")), set_up)
    with ExecutionEnvironment(plan, tmp_path) as environment:
        cache = TransitionCache(environment)
        for _ in range(3):
            with environment.open() as execution:
                cache.run(execution, [0, 0])
        with environment.open() as execution:
            cache.run(execution, [0, 0, 0, 0, 1, 1, 1, 1])
            assert execution.finished()
    assert environment.caveats() == []


def test_the_driver_before_comes_back(tmp_path):
    """An exploration leaves the seam as it found it."""
    before = drive(None)
    drive(before)
    store = MemorySharedStore.__new__(MemorySharedStore)
    assert store.resource == "memory"
    plan = Plan(1, (), lambda folder, monitored: (store, None))
    with ExecutionEnvironment(plan, tmp_path) as environment:
        assert drive(environment.driver) is environment.driver
    assert drive(before) is before
    saw(1)  # without a driver
