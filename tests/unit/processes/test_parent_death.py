"""Buyers end with the harness, even where that is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from booking.stores.common.json_document import parse
from tests.support.process_tree import gone, harness, wait_for_buyers


@pytest.mark.sweep(
    usual=lambda guard, method: method == "fork" or (guard, method) == ("none", "spawn")
)
@pytest.mark.parametrize("method, buyers", [("fork", 50), ("spawn", 5), ("forkserver", 10)])
@pytest.mark.parametrize("guard", ["none", "lock"])
def test_a_killed_harness_leaves_no_process_and_a_whole_file(
    tmp_path: Path, method: str, buyers: int, guard: str
) -> None:
    """SIGKILL in the middle of a sale: buyers asleep and buyers in a lock are gone."""
    process = harness(
        tmp_path, "--buyers", str(buyers), "--delay", "60s", "--start-method", method,
        "--guard", guard, "--timeout", "300s",
    )  # fmt: skip
    pids = wait_for_buyers(process, buyers)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert gone(pids)
    count, _ = parse((tmp_path / "data.json").read_bytes(), "data.json")
    assert 0 <= count <= 50
