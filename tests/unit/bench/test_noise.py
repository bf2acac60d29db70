"""A noisy machine is noticed by its floors."""

from __future__ import annotations

from dataclasses import replace

from booking.bench import noise
from tests.support.benchmark_samples import (
    NONE,
    sample,
)


def test_a_noisy_machine_is_told_of() -> None:
    """By its floors, which do the same work each time; a single odd one is no noise."""
    calm = [sample(NONE, n, 100, turn, bare=5000 + 50 * turn) for turn in range(3) for n in (2, 3)]
    assert noise.warning(calm) is None
    rough = [replace(one, bare_per_s=3000 + 2000 * one.turn) for one in calm]
    assert "noisy: the same work alone differed by" in str(noise.warning(rough))
    assert noise.warning([*calm[1:], replace(calm[0], bare_per_s=100)]) is None
