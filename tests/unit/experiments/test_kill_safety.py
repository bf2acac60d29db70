"""Kill safety: a tested fact of our own code, and found by deaths for any other."""

from __future__ import annotations

import pytest

from booking.experiments import kill_safety as module
from booking.experiments import lock_probe
from booking.experiments.kill_safety import kill_safety

LOCKS, GUARDS, CLERKS = "tests.trust.locks", "tests.trust.guards", "tests.trust.clerks"


@pytest.mark.parametrize("guard, lock, stated", [
    ("lock", "flock", True),
    ("lock", "mutex", False),
    ("lock", "soft", False),
    ("clerk", None, True),
    ("queue", None, False),
    ("none", None, None),
])  # fmt: skip
def test_of_our_own_code_it_is_the_fact(
    guard: str, lock: str | None, stated: bool | None, monkeypatch
) -> None:
    """Contracts test that, so no sale and no torture is needed."""
    monkeypatch.setattr(module, "run_sale", None)
    monkeypatch.setattr(module, "probe", None)
    assert kill_safety("json", guard, lock) is stated


def test_who_dies_between_two_statements_loses_tickets() -> None:
    """And guard `compensate` does not state anything else."""
    assert kill_safety("sqlite", "compensate", None) is None
    assert kill_safety("sqlite", "atomic", None) is True


# Of each way to an answer one that is quick; a clerk is missed after seconds.
QUICK = ("SaysYes", "ClaimsCrashSafe", "HastyClerk", "Locked", "DropsWrite")


@pytest.mark.sweep(usual=lambda guard, lock: any(name in f"{guard} {lock}" for name in QUICK))
@pytest.mark.parametrize("guard, lock, found", [
    ("lock", f"{LOCKS}:ClaimsCrashSafe", False),  # its marker stays
    ("lock", f"{LOCKS}:Marker", False),  # and says so
    ("lock", f"{LOCKS}:ByProcess", True),
    ("lock", f"{LOCKS}:SaysYes", None),  # a lock that excludes no process has no facts
    (f"{CLERKS}:HastyClerk", None, False),  # answers what it has not written
    (f"{CLERKS}:PlainClerk", None, True),
    (f"{GUARDS}:Locked", "flock", True),
    (f"{GUARDS}:Locked", "mutex", False),
    (f"{GUARDS}:DropsWrite", "flock", None),  # breaks without a death
])  # fmt: skip
def test_what_other_code_states_is_tried(
    guard: str, lock: str | None, found: bool | None, monkeypatch
) -> None:
    """A lock by torture, a guard by a death before each step of a sale."""
    if found is False:
        monkeypatch.setattr(lock_probe, "GRANT_S", 1.0)  # a grant that never comes
    assert kill_safety("json", guard, lock) is found


def test_an_inventory_of_a_user_is_not_sold_from_for_a_fact(tmp_path) -> None:
    """Not even by a death: nothing is found there."""
    assert kill_safety(f"json:{tmp_path / 'data.json'}", f"{GUARDS}:Locked", "flock") is None
    assert list(tmp_path.iterdir()) == []
