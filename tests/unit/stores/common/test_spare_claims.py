"""Spare files of dead processes: removed by their names, where that is allowed."""

from __future__ import annotations

from pathlib import Path

from booking.stores.common import spare_claims


def test_orphaned_spare_files_are_removed_where_that_is_allowed(tmp_path: Path) -> None:
    """A name with brackets is no pattern; what may not be removed stays, and is no error."""
    path = tmp_path / "data[1].json"
    dead = tmp_path / f".data[1].json.{'a' * 16}.999999999-00000000.tmp"
    stubborn = tmp_path / f".data[1].json.{'b' * 16}.999999998-00000000.tmp"
    other = tmp_path / f".data1.json.{'c' * 16}.999999998-00000000.tmp"
    for file in (dead, other):
        file.write_text("x")
    stubborn.mkdir()
    spare_claims.sweep(path)
    assert not dead.exists()
    assert stubborn.exists()
    assert other.exists()
