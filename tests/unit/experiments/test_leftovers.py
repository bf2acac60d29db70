"""What is left over, while other processes come and go."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking.experiments import leftovers
from booking.system import scratch


def test_a_folder_that_goes_while_it_is_looked_at_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process removed it behind the listing: nothing is left, and that is no error."""
    gone = tmp_path / "booking-1-0123456789abcdef"
    monkeypatch.setattr(scratch, "places", lambda: [tmp_path])
    monkeypatch.setattr(leftovers, "cache_folders", list)
    monkeypatch.setattr(scratch, "scratch_folders", lambda _parent: [gone])
    assert list(leftovers._scratch_folders()) == []
