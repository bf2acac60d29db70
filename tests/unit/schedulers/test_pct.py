"""PCT: a schedule follows from its seed, and priorities change only now and then."""

from __future__ import annotations

from itertools import pairwise

import pytest

from booking.core.scenario import from_flags
from booking.errors import UsageError
from booking.experiments.replay import run_scheduled
from booking.schedulers.pct import PctScheduler, scheduler


def test_priorities_change_only_now_and_then():
    """PCT: whoever has the highest priority goes on, until a step takes it away."""
    priorities = PctScheduler(seed=3, buyers=4)
    chosen = [priorities.choose([0, 1, 2, 3]) for _ in range(24)]
    changes = sum(a != b for a, b in pairwise(chosen))
    assert 0 < changes <= 2


def test_an_unknown_schedule_is_refused():
    """The refusal lists those that there are."""
    with pytest.raises(UsageError, match="random, pct"):
        scheduler("luck", 1, 2)
    with pytest.raises(UsageError, match="random, pct"):
        run_scheduled(from_flags({}).but(seed=1), "luck")
