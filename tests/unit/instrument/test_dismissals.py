"""A purchase over files that is dismissed changes nothing more, and keeps nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LIMIT_S


def dismissals(folder: Path, *mutant: str) -> dict[str, list[str]]:
    """Dismiss purchases before each of their steps; return those, or the first that is wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.dismissals", *mutant],
        cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=True,
    )  # fmt: skip
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_a_dismissed_purchase_leaves_nothing(tmp_path: Path) -> None:
    """No text of a buffer, no lock, no lock file, no temporary file."""
    found = dismissals(tmp_path)
    assert "wrong" not in found, found["wrong"]
    assert all(len(steps) > 2 for steps in found.values()), found


@pytest.mark.parametrize("mutant, said", [
    ("without_dismissal", "became"), ("without_semaphore", "the lock of multiprocessing is held"),
    ("without_made", "left "),
])  # fmt: skip
def test_it_would_be_noticed(tmp_path: Path, mutant: str, said: str) -> None:
    """Without the mechanism something stays."""
    assert said in dismissals(tmp_path, mutant)["wrong"][0]
