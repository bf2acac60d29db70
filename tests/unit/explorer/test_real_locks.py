"""The explorer asks the real lock: what its books say is never taken for the lock's answer."""

from __future__ import annotations

import pytest

from booking.core.verdict import Outcome
from booking.explorer.transition_cache import TransitionCache
from tests.support.explorations import explored

METHODS = ["graph", "reduced", "plain"]


def lock(name: str) -> str:
    return f"tests.support.user_locks:{name}"


@pytest.mark.sweep(usual=lambda guard, method: guard == "ReleasesTwice" or method == "graph")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("guard, sale, more", [
    ("ReleasesTwice", (3, 3), {}),
    ("ReleasesAnyway", (3, 3), {"timeouts": True}),
])  # fmt: skip
def test_a_release_by_a_buyer_that_does_not_hold_frees_the_lock(guard, sale, more, method):
    """The next buyer is let in while another one holds it: found, with its counterexample."""
    proof = explored(
        *sale, guard=lock(guard), lock=lock("Marker"), method=method, first=True, **more
    )
    assert proof.exploration.outcome is Outcome.INVALID
    assert any("does not hold" in str(caveat) for caveat in proof.exploration.caveats)


@pytest.mark.parametrize("method", METHODS)
def test_a_needless_release_alone_proves_nothing(method):
    """Of a lock of which that is not known: no anomaly, and yet a doubt."""
    found = explored(2, 2, guard=lock("ReleasesTwice"), lock=lock("Marker"), method=method)
    assert found.exploration.outcome is Outcome.UNKNOWN
    assert any("does not hold" in str(caveat) for caveat in found.exploration.caveats)


@pytest.mark.parametrize("name", ["flock", "mutex"])
def test_a_needless_release_frees_no_lock_that_is_owned(name):
    """So it is no doubt; the lock is asked anew after it all the same."""
    found = explored(3, 2, guard=lock("ReleasesTwice"), lock=name).exploration
    assert (found.outcome, found.caveats) == (Outcome.VALID, [])


@pytest.mark.sweep(usual=lambda name, method: name == "RefusalFrees" or method == "graph")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["RefusalFrees", "WaitsOnOldFile"])
def test_what_a_refused_buyer_leaves_behind_is_seen(name, method):
    """Two buyers wait at once: after the refusal the lock answers another one otherwise."""
    found = explored(3, 3, lock=lock(name), method=method).exploration
    assert found.outcome is not Outcome.VALID
    assert any("waited" in str(caveat) for caveat in found.caveats)


@pytest.mark.parametrize("method", METHODS)
def test_a_sound_lock_of_a_users_own_is_proved(method):
    """Asking it while it is held changes nothing."""
    found = explored(3, 2, lock=lock("Marker"), method=method).exploration
    assert (found.outcome, found.interleavings) == (Outcome.VALID, 6)


def test_plain_enumeration_learns_nothing_of_one_order_for_another(monkeypatch):
    """It keys a transition by all steps before it, the other searches by the state it starts in."""
    caches = []
    built = TransitionCache.__init__
    monkeypatch.setattr(
        TransitionCache, "__init__", lambda cache, env: caches.append(cache) or built(cache, env)
    )
    for method in ("reduced", "plain"):
        assert explored(3, 2, lock="flock", method=method).exploration.interleavings == 6
    reduced, plain = (set(cache._transitions) for cache in caches)
    assert {2, 3, 4} <= {len(schedule) for schedule in plain}
    assert all(set(schedule) <= {0, 1, 2} for schedule in plain)
    assert len(plain) > len(reduced)
