"""The program's own overheads have thresholds too."""

from __future__ import annotations

import pytest

from booking.bench.self_cost import misses
from booking.errors import UsageError


def test_overheads_have_thresholds_too() -> None:
    found = [{"name": "help", "ratio": 5.0}]
    assert misses(["help.ratio<=6"])(found) == []
    assert misses(["help.ratio<=4"])(found) == ["help.ratio<=4: help has 5"]
    for wrong in ("halp.ratio<=6", "help.speed<=6", "help"):
        with pytest.raises(UsageError):
            misses([wrong])
