"""A file is allocated whole, with posix_fallocate(3) and without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from booking.system.allocation import allocate

SIZE = 200_001
BLOCK_BYTES = 512  # of `st_blocks`


@pytest.mark.parametrize("missing", [False, True])
def test_a_file_has_all_its_blocks_and_keeps_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: bool
) -> None:
    """A hole would be filled later, where a full disk is a SIGBUS."""
    if missing:
        monkeypatch.delattr(os, "posix_fallocate")
    path = tmp_path / "log"
    path.write_bytes(b"there")
    fd = os.open(path, os.O_RDWR)
    try:
        allocate(fd, SIZE)
        allocate(fd, SIZE)  # nothing is left to do
        facts = os.fstat(fd)
    finally:
        os.close(fd)
    assert facts.st_size == SIZE
    assert facts.st_blocks * BLOCK_BYTES >= SIZE
    assert path.read_bytes() == b"there" + bytes(SIZE - 5)
