"""Schedulers by name: equal seeds choose equally, and an unknown name is refused."""

from __future__ import annotations

import pytest

from booking.core.registry import BUILT_IN
from booking.errors import UsageError
from booking.schedulers.scheduler import scheduler

ENABLED = [[0, 1, 2, 3], [1, 3], [2], [0, 2, 3]] * 6


@pytest.mark.parametrize("name", BUILT_IN["scheduler"])
def test_equal_seeds_choose_equally_and_among_the_enabled(name: str) -> None:
    """Another seed chooses otherwise, so the seed matters."""
    one, same, other = (scheduler(name, seed, 4) for seed in (7, 7, 8))
    chosen = [one.choose(enabled) for enabled in ENABLED]
    assert chosen == [same.choose(enabled) for enabled in ENABLED]
    assert chosen != [other.choose(enabled) for enabled in ENABLED]
    assert all(task in enabled for task, enabled in zip(chosen, ENABLED, strict=True))


def test_an_unknown_scheduler_is_refused() -> None:
    """The refusal lists the registered ones."""
    with pytest.raises(UsageError, match="random, pct"):
        scheduler("luck", 1, 2)


class Stubborn:
    """Always chooses the last buyer, whether it can go on or not."""

    def __init__(self, seed: int, buyers: int) -> None:
        self.last = buyers - 1

    def choose(self, enabled: list[int]) -> int:
        return self.last


class Broken:
    """Fails at its first choice."""

    def __init__(self, seed: int, buyers: int) -> None: ...

    def choose(self, enabled: list[int]) -> int:
        raise KeyError(7)


def test_a_scheduler_of_a_users_own_is_named_by_its_class() -> None:
    """Its choice is one of the enabled buyers."""
    own = scheduler(f"{__name__}:Stubborn", 1, 3)
    assert own.choose([0, 2]) == 2


@pytest.mark.parametrize("name, said", [
    ("Stubborn", r"chose 2, not one of \[0, 1\]"),
    ("Broken", "fails: KeyError: 7"),
    ("ENABLED", "fails: TypeError"),
])  # fmt: skip
def test_errors_of_a_users_scheduler_are_the_users(name: str, said: str) -> None:
    """One line, and no defect of booking."""
    with pytest.raises(UsageError, match=said):
        scheduler(f"{__name__}:{name}", 1, 3).choose([0, 1])
