"""Real engines, explored statement by statement; their refusal shows which buyer would wait."""

from __future__ import annotations

import pytest

from booking.core.catalogue import carries
from booking.core.counterexample import CounterexampleBuyer
from booking.core.registry import members
from booking.core.scenario import from_flags
from booking.core.steps import saw, step
from booking.core.verdict import AnomalyName, Outcome
from booking.errors import UsageError
from booking.experiments.exploration import Proof, prove
from booking.experiments.replay import replay
from booking.stores.common.sql_statements import COUNT
from booking.stores.sqlite import SqliteStore

DATABASES = ("sqlite", "postgres", "redis")
STORES = {name: store for name, store in members("store") if name in DATABASES}
GUARDS = {
    name: guard
    for name, guard in members("guard")
    if name not in {"none", "lock", "clerk", "queue"} and not getattr(guard, "by_the_clock", False)
}
PAIRS = [
    (store, guard) for store in STORES for guard in GUARDS if carries(STORES[store], GUARDS[guard])
]


def explored(store: str, guard: str, quantities: list[int], tickets: int) -> Proof:
    buyers = [
        CounterexampleBuyer(f"buyer {at}", quantity) for at, quantity in enumerate(quantities)
    ]
    flags = {"store": store, "guard": guard, "tickets": tickets, "buyers": len(buyers)}
    return prove(from_flags({**flags, "search": False}), buyers)


@pytest.mark.parametrize("store, guard", PAIRS)
def test_every_interleaving_of_three_buyers_is_sound(store: str, guard: str) -> None:
    """Every guard on every database that carries it; orders of one size, so `compensate` too."""
    proof = explored(store, guard, [1, 1, 1], 2)
    assert proof.exploration.outcome is Outcome.VALID, proof.reason
    assert proof.exploration.complete


@pytest.mark.sweep(usual=lambda store: store == "postgres")
@pytest.mark.parametrize("store", DATABASES)
def test_a_clerk_before_a_database_is_sound(store: str) -> None:
    """The clerk needs nothing of it but to read and to write."""
    proof = explored(store, "clerk", [1, 1], 1)
    assert proof.exploration.outcome is Outcome.VALID, proof.reason
    assert proof.exploration.complete


@pytest.mark.parametrize("store", DATABASES)
def test_the_naive_purchase_is_refuted_and_its_witness_replays(store: str) -> None:
    """The same shortest witness on each engine, and in real processes every time."""
    proof = explored(store, "none", [1, 1], 1)
    assert proof.exploration.outcome is Outcome.INVALID
    assert (proof.exploration.interleavings, proof.exploration.violating) == (6, 4)
    assert proof.counterexample is not None
    assert [step.action for step in proof.counterexample.steps] == [
        "read",
        "read",
        "write",
        "write",
    ]
    replayed = replay(proof.counterexample, 3)
    assert replayed.same == 3, replayed.difference


@pytest.mark.sweep(usual=lambda guard: guard == "row-lock")
@pytest.mark.parametrize("guard", ["row-lock", "serializable"])
def test_four_buyers_in_transactions_of_sqlite(guard: str) -> None:
    """Complete: the states of four buyers and three tickets."""
    proof = explored("sqlite", guard, [1] * 4, 3)
    assert (proof.exploration.outcome, proof.exploration.complete) == (Outcome.VALID, True)


@pytest.mark.parametrize("store", DATABASES)
def test_orders_of_two_sizes_make_compensate_lie(store: str) -> None:
    """Four steps: both take, both put back, and a ticket is left that one buyer ordered."""
    proof = explored(store, "compensate", [2, 1], 1)
    assert set(proof.exploration.findings) == {AnomalyName.PHANTOM_SOLD_OUT, AnomalyName.UNDERSELL}
    assert proof.counterexample is not None
    assert len(proof.counterexample.steps) == 4


@pytest.mark.parametrize("guard", ["pool", "shards"])
@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_orders_of_two_sizes_leave_nothing_in_pools_and_shards(store: str, guard: str) -> None:
    """Tickets in several counters are sold all the same."""
    proof = explored(store, guard, [2, 1], 3)
    assert proof.exploration.outcome is Outcome.VALID, proof.reason


class Unlocked(SqliteStore):
    """Announces a lock, and locks nothing."""

    def read_locked(self) -> int | None:
        step("acquire", self.resource)
        saw(1)
        return int(self._run(COUNT, self.sale)[0][0])

    def commit(self) -> None:
        step("release", self.resource)


def test_a_row_lock_that_locks_nothing_is_found() -> None:
    """The tests above can fail: a second buyer gets the lock while the first holds it."""
    proof = explored("tests.contracts.test_explored_guards:Unlocked", "row-lock", [1, 1], 1)
    assert proof.exploration.outcome is Outcome.INVALID


def test_a_lease_is_refused_since_it_depends_on_the_clock() -> None:
    """An exploration has orders, and no time."""
    with pytest.raises(UsageError, match="depends on the clock"):
        explored("sqlite", "lease", [1, 1], 1)
