"""What a store with a capability keeps to: one fact or two for each protocol.

Every fact uses two stores of one inventory, as two buyers have them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from booking.core.capabilities import (
    AdvisoryStore,
    AtomicStore,
    ConstrainedStore,
    CountingStore,
    LeaseStore,
    RowLockingStore,
    SerializableStore,
    ShardedStore,
    Snapshot,
    TicketPool,
    VersionedStore,
)
from booking.core.protocols import Store
from booking.core.steps import driven_by
from booking.errors import ConflictError
from booking.testing.contracts.base import Applies, Contract, only_if
from booking.testing.contracts.drivers import Interference, StepRecorder

LEASE_S = 60.0  # longer than any test
SHORT_LEASE_S = 0.05


def has(capability: type) -> Applies:
    """Return a test of whether a class of stores has a capability."""
    return lambda kind: isinstance(kind, type) and issubclass(kind, capability)


def number(answer: object, untold: int | None = None) -> object:
    """Return the number in an answer; `untold` where it is a seat or True, None where refused."""
    if answer is False:
        return None
    return untold if answer is True or isinstance(answer, str) else answer


class CapabilityFacts(Contract):
    """Facts about the optional protocols of a store."""

    def opened(self, folder: Path) -> AbstractContextManager[Any]:
        """Build the store; close it at the end."""
        raise NotImplementedError  # StoreContract has it

    def copied(self, store: Store) -> AbstractContextManager[Any]:
        """Copy the store; close the copy at the end."""
        raise NotImplementedError  # StoreContract has it

    @contextmanager
    def filled(self, folder: Path, tickets: int) -> Iterator[tuple[Any, Any]]:
        """Fill the inventory; return two stores of it."""
        with self.opened(folder) as store:
            store.reset(tickets)
            with self.copied(store) as other:
                yield store, other

    @only_if(has(AtomicStore))
    def test_take_takes_all_or_nothing(self, tmp_path: Path) -> None:
        """AtomicStore: it returns the count before, a seat or True; None or False: too few left."""
        with self.filled(tmp_path, 5) as (store, other):
            assert number(store.take(2), 5) == 5
            assert number(other.take(4)) is None
            assert other.read() == 3
            assert number(other.take(3), 3) == 3
            assert store.read() == 0

    @only_if(has(AtomicStore))
    def test_take_checks_and_takes_in_one_effect(self, tmp_path: Path) -> None:
        """AtomicStore: one step; a buyer that comes right after it decides what is left."""
        with self.filled(tmp_path, 3) as (store, other):
            driver = Interference(lambda: other.take(2))
            with driven_by(driver):
                assert number(store.take(2)) is None
            assert len(driver.steps) == 1
            assert store.read() == 1

    @only_if(has(VersionedStore))
    def test_compare_and_set_refuses_a_changed_version(self, tmp_path: Path) -> None:
        """VersionedStore: also where the count is the same again."""
        with self.filled(tmp_path, 3) as (store, other):
            count, version = store.read_versioned()
            assert count == 3
            assert store.compare_and_set(version, 2)
            assert other.read() == 2
            _, version = store.read_versioned()
            other.write(1)
            other.write(2)
            assert not store.compare_and_set(version, 0)
            assert store.read() == 2

    @only_if(has(CountingStore))
    def test_add_adds_unchecked(self, tmp_path: Path) -> None:
        """CountingStore: it returns the count after, below 0 too; nothing is lost in between."""
        with self.filled(tmp_path, 3) as (store, other):
            assert store.add(-2) == 1
            with driven_by(Interference(lambda: other.add(-2))):
                assert store.add(-3) == -4
            assert other.add(7) == 3
            assert store.read() == 3

    @only_if(has(ConstrainedStore))
    def test_a_constraint_refuses_a_count_below_0(self, tmp_path: Path) -> None:
        """ConstrainedStore: it returns the count before; a refused order changes nothing."""
        with self.filled(tmp_path, 3) as (store, other):
            assert number(store.take_constrained(2), 3) == 3
            assert number(other.take_constrained(2)) is None
            assert store.read() == 1
            assert number(other.take_constrained(1), 1) == 1

    @only_if(has(RowLockingStore))
    def test_a_locked_count_is_refused_to_others(self, tmp_path: Path) -> None:
        """RowLockingStore: until commit or rollback; then another buyer may lock it."""
        with self.filled(tmp_path, 3) as (store, other):
            for end in (store.commit, store.rollback):
                assert store.read_locked() == 3
                assert other.read_locked() is None
                end()
                assert other.read_locked() == 3
                other.rollback()

    @only_if(has(RowLockingStore))
    def test_a_locked_write_is_seen_after_the_commit_only(self, tmp_path: Path) -> None:
        """RowLockingStore: and never, where it is rolled back."""
        with self.filled(tmp_path, 3) as (store, other):
            store.read_locked()
            store.write(2)
            assert other.read() == 3
            store.commit()
            assert other.read() == 2
            store.read_locked()
            store.write(1)
            store.rollback()
            assert other.read() == store.read() == 2

    @only_if(has(AdvisoryStore))
    def test_an_advisory_lock_has_one_holder(self, tmp_path: Path) -> None:
        """AdvisoryStore: the second buyer gets False, and True after the release."""
        with self.filled(tmp_path, 3) as (store, other):
            assert store.lock_advisory()
            assert not other.lock_advisory()
            store.unlock_advisory()
            assert other.lock_advisory()
            other.unlock_advisory()

    @only_if(has(SerializableStore))
    def test_of_two_conflicting_transactions_one_fails(self, tmp_path: Path) -> None:
        """SerializableStore: `ConflictError`, at its write or at its commit, and no effect."""
        with self.filled(tmp_path, 3) as (store, other):
            assert store.read_serializable() == other.read_serializable() == 3
            store.write(2)
            store.commit()
            try:
                other.write(0)
                other.commit()
            except ConflictError:
                other.rollback()
            else:
                raise AssertionError("both transactions were committed")
            assert other.read() == store.read() == 2

    @only_if(has(SerializableStore))
    def test_a_serializable_write_can_be_rolled_back(self, tmp_path: Path) -> None:
        """SerializableStore: no buyer ever sees it."""
        with self.filled(tmp_path, 3) as (store, other):
            store.read_serializable()
            store.write(1)
            store.rollback()
            assert store.read() == other.read() == 3

    @only_if(has(TicketPool))
    def test_a_pool_gives_each_seat_once(self, tmp_path: Path) -> None:
        """TicketPool: seats 1 to the count, each to one buyer; then None."""
        with self.filled(tmp_path, 3) as (store, other):
            store.open_pool()
            assert other.read() == 3
            seats = [store.claim(0, 1), other.claim(1, 1), store.claim(0, 1)]
            assert sorted(seats) == [1, 2, 3]
            assert other.claim(1, 1) is None
            assert store.read() == 0

    @only_if(has(TicketPool))
    def test_a_pool_gives_all_or_nothing(self, tmp_path: Path) -> None:
        """TicketPool: a large order that is refused takes no seat."""
        with self.filled(tmp_path, 3) as (store, other):
            store.open_pool()
            assert store.claim(0, 4) is None
            assert other.read() == 3
            assert other.claim(1, 2) in {2, 3}
            assert store.read() == 1

    @only_if(has(ShardedStore))
    def test_shards_hold_the_whole_count(self, tmp_path: Path) -> None:
        """ShardedStore: each takes alone, all take together, and the read adds them up."""
        with self.filled(tmp_path, 5) as (store, other):
            store.split(2)
            assert other.read() == 5
            first = other.take_from(0, 1)
            second = store.take_from(1, 1)
            assert (first or 0) + (second or 0) == 5
            assert store.take_from(0, 3) is None
            assert store.take_across(4) is False
            assert store.take_across(3) is True
            assert other.read() == 0

    @only_if(has(LeaseStore))
    def test_a_lease_has_one_holder(self, tmp_path: Path) -> None:
        """LeaseStore: until it is given back, or its time is over."""
        with self.filled(tmp_path, 3) as (store, other):
            token = store.take_lease(0, LEASE_S)
            assert token is not None
            assert other.take_lease(1, LEASE_S) is None
            store.give_back(token)
            assert other.take_lease(1, SHORT_LEASE_S) is not None
            time.sleep(2 * SHORT_LEASE_S)
            assert store.take_lease(0, LEASE_S) is not None

    @only_if(has(LeaseStore))
    def test_a_fenced_write_needs_the_newest_token(self, tmp_path: Path) -> None:
        """LeaseStore: tokens rise; a late holder's write is refused, and so is its give-back."""
        with self.filled(tmp_path, 3) as (store, other):
            late = store.take_lease(0, SHORT_LEASE_S)
            time.sleep(2 * SHORT_LEASE_S)
            token = other.take_lease(1, LEASE_S)
            assert token > late
            assert not store.write_fenced(0, late)
            store.give_back(late)
            assert store.take_lease(0, LEASE_S) is None
            assert other.write_fenced(2, token)
            assert store.read() == 2

    @only_if(has(Snapshot))
    def test_a_snapshot_shows_the_shared_count(self, tmp_path: Path) -> None:
        """Snapshot: it has a hash, each buyer sees the same, and another after a write; no step."""
        with self.filled(tmp_path, 3) as (store, other):
            recorder = StepRecorder()
            with driven_by(recorder):
                before = store.snapshot()
            assert recorder.recorded == []
            assert hash(before) == hash(other.snapshot())
            assert before == other.snapshot()
            other.write(2)
            assert store.snapshot() != before
