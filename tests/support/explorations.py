"""Explorations as tests ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from booking.core.counterexample import CounterexampleBuyer
from booking.core.scenario import from_flags
from booking.core.verdict import Outcome
from booking.experiments.exploration import Proof, prove
from booking.explorer.model import Limits

SHOPS = "tests.support.shops"


def explored(
    buyers: int | Sequence[int] = 2,
    tickets: int = 1,
    *,
    store: str = "json",
    lock: str | None = None,
    guard: str | None = None,
    timeouts: bool = False,
    search: bool = False,
    limits: Limits | None = None,
    **more: Any,
) -> Proof:
    """Explore a sale of so many buyers, or of buyers with these quantities."""
    given: dict[str, Any] = {"store": store, "tickets": tickets}
    if lock is not None:
        given["lock"] = lock
    if guard is not None:
        given["guard"] = guard
    if timeouts:
        given["acquire_timeout"] = "1s"
    quantities = [1] * buyers if isinstance(buyers, int) else list(buyers)
    who = [CounterexampleBuyer(f"buyer {n}", quantity) for n, quantity in enumerate(quantities)]
    return prove(from_flags(given).but(search=search), who, limits, **more)


def shop(name: str) -> str:
    """Name a class of the faulty stores and locks, as a user would."""
    return f"{SHOPS}:{name}"


def results(*sale, **more):
    answers = []
    for method in ("graph", "reduced", "plain"):
        proof = explored(*sale, method=method, **more)
        found = proof.exploration
        assert found.complete
        assert not found.caveats
        steps = None if proof.counterexample is None else len(proof.counterexample.steps)
        answers.append(
            (
                found.outcome,
                found.interleavings,
                found.violating,
                found.ends,
                found.undecided,
                steps,
            )
        )
    return answers


def caveats_of(store: str = "json", lock: str | None = None, **more: Any) -> list[str]:
    """Explore, and give its caveats; it must not be valid."""
    proof = explored(2, 2, store=store, lock=lock, **more)
    found = proof.exploration
    assert found.outcome is not Outcome.VALID
    assert not found.complete
    return [str(caveat) for caveat in found.caveats]
