"""Locks of the library `filelock`: nesting, and the names of their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking.locks.filelocked import FilelockLock
from booking.locks.soft import SoftLock


@pytest.mark.parametrize("kind", [FilelockLock, SoftLock])
def test_closing_releases_every_level(
    kind: type[FilelockLock] | type[SoftLock], tmp_path: Path
) -> None:
    """However often its holder took it."""
    lock = kind(tmp_path / "sale.lock")
    assert lock.acquire(0)
    assert lock.acquire(0)
    lock.release_own()
    assert kind(tmp_path / "sale.lock").acquire(0)


def test_the_marker_has_a_name_of_its_own(tmp_path: Path) -> None:
    """A file that flock leaves behind is no held marker."""
    path = tmp_path / "sale.lock"
    path.touch()
    lock = SoftLock(path)
    assert lock.acquire(0)
    assert lock.path.exists()
    lock.release()
    assert not lock.path.exists()
    assert path.exists()
