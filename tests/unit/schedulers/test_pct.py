"""PCT: priorities change only now and then."""

from __future__ import annotations

from itertools import pairwise

from booking.schedulers.pct import PctScheduler


def test_priorities_change_only_now_and_then():
    """PCT: the buyer with the highest priority goes on, until a step takes it away."""
    priorities = PctScheduler(seed=3, buyers=4)
    chosen = [priorities.choose([0, 1, 2, 3]) for _ in range(24)]
    changes = sum(a != b for a, b in pairwise(chosen))
    assert 0 < changes <= 2
