"""Merging states and leaving out orders that commute changes no result: all is enumerated too."""

from __future__ import annotations

import pytest

from booking.core.registry import BUILT_IN
from tests.support.explorations import explored, results, shop

LOCKS = [None, *BUILT_IN["lock"]]
MANY = 1_200  # interleavings: more, one by one, only where that is quick


def usual(store: str, lock: str | None, buyers: int, tickets: int) -> bool:
    """Two buyers everywhere; more where that is quick, with a lock and without."""
    if (buyers, tickets) == (2, 2):
        return store in {"json", "sqlite"} or lock in {None, "flock"}
    largest = {"json": 4, "memory-shared": 3}.get(store, 0)
    return lock in {None, "flock"} and buyers <= largest


def _agree(*sale, **more):
    graph, reduced, plain = results(*sale, **more)
    assert graph == reduced == plain


@pytest.mark.sweep(usual=usual)
@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("store", BUILT_IN["store"])
@pytest.mark.parametrize("buyers, tickets", [(2, 1), (2, 2), (3, 1), (3, 2), (4, 2)])
def test_on_every_store_with_every_lock(store, lock, buyers, tickets):
    """Final states, violations, counts and the length of the witness are the same."""
    merged = explored(buyers, tickets, store=store, lock=lock).exploration
    if merged.interleavings <= (3 * MANY if store == "memory-shared" else MANY):
        _agree(buyers, tickets, store=store, lock=lock)
        return
    each = explored(buyers, tickets, store=store, lock=lock, named=True, method="graph").exploration
    assert each.states > merged.states
    assert (each.interleavings, each.violating) == (merged.interleavings, merged.violating)
    assert each.ends == merged.ends


@pytest.mark.sweep(usual=lambda lock: lock == "flock")
@pytest.mark.parametrize("lock", BUILT_IN["lock"])
def test_with_waits_that_may_end(lock):
    """Refused acquires commute with nothing on their lock."""
    _agree(2, 1, lock=lock, timeouts=True)
    _agree(3, 2, lock=lock, timeouts=True)


@pytest.mark.parametrize("lock", [None, "flock"])
def test_with_a_search_before_the_purchase(lock):
    """Searches only read, and yet it matters which of them ended first."""
    _agree(2, 1, lock=lock, search=True)
    _agree(2, 2, lock=lock, search=True, store="memory-shared")


@pytest.mark.sweep(usual=lambda quantities, lock: lock is None or len(quantities) == 2)
@pytest.mark.parametrize("lock", [None, "flock"])
@pytest.mark.parametrize("quantities", [(1, 2), (2, 1, 1), (2, 2, 1), (3, 2, 2)])
def test_with_buyers_who_differ(quantities, lock):
    """Orders of several tickets, refused where too few are left."""
    _agree(quantities, 3, lock=lock)


@pytest.mark.parametrize("name", ["Shop", "MumShop", "OpaqueMemory"])
def test_on_stores_of_a_users_own(name):
    """A file, a store that forgets `saw`, and one that shows nothing and so merges nothing."""
    _agree(3, 2, store=shop(name))


@pytest.mark.parametrize("name", ["OpenDoor"])
def test_with_a_lock_that_keeps_nobody_out(name):
    """The lock's books say one thing, the lock another: the race is found all the same."""
    assert explored(2, 1, lock=shop(name)).exploration.violating > 0
    _agree(2, 1, lock=shop(name))


def test_a_counter_that_forgets_would_be_caught(monkeypatch):
    """Planted: nothing is ever certain, so what merges has not the same past."""

    from booking.explorer import state_graph

    monkeypatch.setattr(state_graph, "updated", lambda counter, *_: counter)
    merged, _, plain = results(3, 2)
    assert merged != plain
