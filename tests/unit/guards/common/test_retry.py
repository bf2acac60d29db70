"""Retries: how many, and how long the waits between them are."""

from __future__ import annotations

import time

import pytest

from booking.core.protocols import Kit
from booking.guards.common.retry import (
    ATTEMPTS_EXPLORED,
    ATTEMPTS_MAX,
    FIRST_S,
    LONGEST_S,
    attempts,
)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits, which take no time here."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_waits_grow_up_to_a_limit(waits: list[float]) -> None:
    """None before the first attempt; at least half of each is fixed, the rest random."""
    assert list(attempts(Kit(None, 1.0))) == list(range(ATTEMPTS_MAX))
    assert len(waits) == ATTEMPTS_MAX - 1
    for attempt, wait_s in enumerate(waits, 1):
        longest_s = min(LONGEST_S, FIRST_S * 2**attempt)
        assert longest_s / 2 <= wait_s <= longest_s


def test_with_zero_timeout_there_is_no_wait(waits: list[float]) -> None:
    """And few attempts: an exploration tries every order of them."""
    assert list(attempts(Kit(None, 0.0))) == list(range(ATTEMPTS_EXPLORED))
    assert waits == []
