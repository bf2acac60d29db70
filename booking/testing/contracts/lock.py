"""What every lock keeps to, as a test suite::

from booking.testing import LockContract

class TestMyLock(LockContract):
    lock = "mymodule:MyLock"
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from booking.core.assembly import lock_at
from booking.core.protocols import Lock
from booking.core.registry import takes_argument
from booking.core.steps import driven_by
from booking.core.traits import LockTraits, lock_traits
from booking.experiments.lock_torture import GRANT_S, Torture
from booking.history.actions import Action
from booking.processes.forked_process import LIMIT_S, ForkedProcess
from booking.system.pickled_copy import PickledCopy
from booking.testing.contracts.base import Contract, class_of, name_of, only_if
from booking.testing.contracts.drivers import Interference, StepRecorder
from booking.testing.contracts.elsewhere import Elsewhere

TIMES = 5
SHORT_S = 0.1  # a time limit that runs out
KEPT_S = 2.0  # a lock that is not granted after it stays held, however busy the machine is
SLOW_S = 1.0  # what is not at once, also on a busy machine


def states_crash_safety(kind: Any) -> bool:
    """Return whether a lock says what becomes of it when its holder dies."""
    return lock_traits(kind).crash_safe is not None


def states_reentrancy(kind: Any) -> bool:
    """Return whether a lock says whether its holder may take it again."""
    return lock_traits(kind).reentrant is not None


def states_ownership(kind: Any) -> bool:
    """Return whether a lock says what a release by another process does."""
    return lock_traits(kind).owned is not None


def states_threads(kind: Any) -> bool:
    """Return whether a lock says whether threads of one process exclude one another."""
    return lock_traits(kind).threads is not None


def crosses_hosts(kind: Any) -> bool:
    """Return whether a lock promises to work between machines."""
    return lock_traits(kind).cross_host is True


class LockContract(Contract):
    """Facts that every lock keeps to between real processes; a subclass names the `lock`.

    `lock` is a name, `"module:Class"` or a class. The fact `fair` is not tested: it is a matter of
    statistics.
    """

    kind: ClassVar[str] = "lock"
    lock: ClassVar[str | type] = ""

    def built(self, folder: Path) -> Lock:
        """Build the lock, as a sale in `folder` does."""
        return lock_at(name_of(self.lock), folder / "sale.lock", folder)

    def torture(self, folder: Path) -> Torture:
        """Return the checks of the lock alone, which `booking list --probe` runs, too."""
        return Torture(self.built, folder / "torture")

    def facts(self) -> LockTraits:
        """Return what the lock states about itself."""
        return lock_traits(class_of("lock", self.lock))

    def test_one_process_holds_it_at_a_time(self, tmp_path: Path) -> None:
        """Asked while it is held, stopped at each line of its code, and pressed by all at once."""
        torture = self.torture(tmp_path)
        assert torture.exclusion() == []
        assert torture.interrupted() == []
        assert torture.press() == []

    def test_it_is_handed_over_to_each_that_waits(self, tmp_path: Path) -> None:
        """Two wait, and have it one after the other, while a third one is refused."""
        faults, _ = self.torture(tmp_path).hand_over()
        assert faults == []

    def test_the_lock_of_another_folder_is_another(self, tmp_path: Path) -> None:
        """A sale in one folder keeps no buyer of another waiting."""
        if takes_argument(class_of("lock", self.lock)):
            assert self.torture(tmp_path).another_folder() == []

    @only_if(states_ownership)
    def test_a_release_by_another_process_is_as_stated(self, tmp_path: Path) -> None:
        """The fact `owned`: a process that does not hold it can't free it."""
        assert self.torture(tmp_path).is_owned() == self.facts().owned

    @only_if(states_threads)
    def test_threads_wait_as_stated(self, tmp_path: Path) -> None:
        """The fact `threads`: another thread of the holder is refused."""
        assert self.torture(tmp_path).threads_wait() == self.facts().threads

    def test_a_fork_inherits_no_held_lock(self, tmp_path: Path) -> None:
        """A process that was forked while its parent holds the lock does not hold it."""
        lock = self.built(tmp_path)
        assert lock.acquire(LIMIT_S)
        with ForkedProcess(lock) as other:
            assert not other.call("acquire", 0.0)
            lock.release()
            assert other.call("acquire", LIMIT_S)

    def test_another_program_is_kept_out_as_stated(self, tmp_path: Path) -> None:
        """The fact `one_sale_only`: unless it is true, a lock that is built anew is the same."""
        lock = self.built(tmp_path)
        assert lock.acquire(LIMIT_S)
        with ForkedProcess(self.built(tmp_path)) as other:
            assert other.call("acquire", 0.0) == self.facts().one_sale_only
        lock.release()

    @only_if(crosses_hosts)
    def test_another_machine_is_kept_out(self, tmp_path: Path) -> None:
        """The fact `cross_host`: a machine that shares nothing but the files is refused."""
        lock = self.built(tmp_path)
        with ForkedProcess(Elsewhere(partial(self.built, tmp_path))) as other:
            assert lock.acquire(LIMIT_S)
            assert not other.call("acquire", 0.0)
            lock.release()

    def test_a_zero_timeout_answers_at_once(self, tmp_path: Path) -> None:
        """True where the lock is free, False where another process holds it."""
        lock = self.built(tmp_path)
        with ForkedProcess(lock) as other:
            assert lock.acquire(0.0)
            lock.release()
            assert other.call("acquire", LIMIT_S)
            acquired, elapsed_s = _timed(lock, 0.0)
            assert not acquired
            assert elapsed_s < SLOW_S

    def test_a_timeout_returns_false_in_time(self, tmp_path: Path) -> None:
        """Not before the limit, and not long after it; the waiter then does not hold the lock."""
        lock = self.built(tmp_path)
        with ForkedProcess(lock) as other:
            assert other.call("acquire", LIMIT_S)
            acquired, elapsed_s = _timed(lock, SHORT_S)
            assert not acquired
            assert SHORT_S * 0.9 <= elapsed_s < SHORT_S + SLOW_S
            other.call("release")
            assert _is_free(other)

    def test_a_release_frees_it(self, tmp_path: Path) -> None:
        """For a process that asks later, and for one that waits already."""
        lock = self.built(tmp_path)
        with ForkedProcess(lock) as other:
            for _ in range(TIMES):
                assert lock.acquire(LIMIT_S)
                lock.release()
                assert _is_free(other)
            assert lock.acquire(LIMIT_S)
            other.begin("acquire", LIMIT_S)
            time.sleep(SHORT_S)
            lock.release()
            assert other.result()

    @only_if(states_crash_safety)
    def test_a_killed_process_frees_it_as_stated(self, tmp_path: Path) -> None:
        """The fact `crash_safe`: SIGKILL of a holder, of a waiter, in the middle of an acquire."""
        crash_safe = self.facts().crash_safe
        faults, held = self.torture(tmp_path).death(GRANT_S if crash_safe else KEPT_S)
        assert faults == []
        assert (held is None) == crash_safe, held

    @only_if(states_reentrancy)
    def test_its_holder_may_take_it_again_as_stated(self, tmp_path: Path) -> None:
        """The fact `reentrant`: taken twice, it is free after the second release, not before."""
        lock = self.built(tmp_path)
        with ForkedProcess(lock) as other:
            assert lock.acquire(LIMIT_S)
            again = lock.acquire(0.0)
            if again:
                lock.release()
            nests = again and not _is_free(other)
            assert nests == self.facts().reentrant
            if nests or not again:
                lock.release()
            assert _is_free(other)

    def test_a_pickled_copy_holds_nothing(self, tmp_path: Path) -> None:
        """A lock travels to a buyer's process while it is held; the copy has to wait for it."""
        lock = self.built(tmp_path)
        assert lock.acquire(LIMIT_S)
        copy: Lock = PickledCopy(lock).load()
        assert not copy.acquire(0.0)
        lock.release()
        assert copy.acquire(LIMIT_S)
        copy.release()

    def test_its_steps_are_announced(self, tmp_path: Path) -> None:
        """`acquire`, then 1 or 0 for whether it was acquired; `release`."""
        lock = self.built(tmp_path)
        recorder = StepRecorder()
        with ForkedProcess(lock) as other, driven_by(recorder):
            for timeout_s in (0.0, LIMIT_S, 0.0):
                assert lock.acquire(timeout_s)
                lock.release()
            assert other.call("acquire", LIMIT_S)
            lock.acquire(0.0)
        turn = [(Action.ACQUIRE, None), ("saw", 1), (Action.RELEASE, None)]
        assert recorder.recorded == [*turn, *turn, *turn, (Action.ACQUIRE, None), ("saw", 0)]

    def test_its_steps_are_announced_before_their_effect(self, tmp_path: Path) -> None:
        """Right after `acquire` it is still free, right after `release` still held."""
        lock = self.built(tmp_path)
        with ForkedProcess(lock) as other:
            free: list[bool] = []
            with driven_by(Interference(lambda: free.append(_is_free(other)))):
                assert lock.acquire(LIMIT_S)
                lock.release()
            assert free == [True, False]


def _timed(lock: Lock, timeout_s: float) -> tuple[bool, float]:
    begun_s = time.monotonic()
    acquired = lock.acquire(timeout_s)
    return acquired, time.monotonic() - begun_s


def _is_free(other: ForkedProcess) -> bool:
    """Return whether another process can take the lock now; release it again."""
    acquired: bool = other.call("acquire", 0.0)
    if acquired:
        other.call("release")
    return acquired
