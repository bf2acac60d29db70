"""What a benchmark states beneath its rows."""

from __future__ import annotations

from booking.bench import summary
from tests.support.benchmark_samples import FLOCK, NONE, SQLITE, sample


def test_each_store_has_a_floor_of_its_own() -> None:
    """The peer is not measured against the floor of another store; one store needs no name."""
    measured = [sample(NONE, 2, 100, bare=5000), sample(SQLITE, 2, 100, bare=20000)]
    assert summary.floors(measured) == {"bare json": 5000, "bare sqlite": 20000, "c": 8000}
    alone = [sample(NONE, 2, 100, bare=5000), sample(FLOCK, 2, 100, bare=7000)]
    assert summary.floors(alone) == {"bare": 6000, "c": 8000}
