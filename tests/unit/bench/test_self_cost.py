"""The program's own overheads have thresholds too."""

from __future__ import annotations

import pytest

from booking.bench.self_cost import checks
from booking.errors import UsageError


def test_overheads_have_thresholds_too() -> None:
    found = [{"name": "help", "ratio": 5.0}]
    assert checks(["help.ratio<=6"])(found) == [("help.ratio<=6: help has 5", True)]
    assert checks(["help.ratio<=4"])(found) == [("help.ratio<=4: help has 5", False)]
    for wrong in ("halp.ratio<=6", "help.speed<=6", "help"):
        with pytest.raises(UsageError):
            checks([wrong])
