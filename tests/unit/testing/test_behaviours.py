"""A purchase function explored from a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking.errors import BookingError
from booking.testing import explore_behaviour

SHOP = "tests.support.sqlite_shop"
FUNCTIONS = {"setup": f"{SHOP}:setup", "check": f"{SHOP}:left"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop's database lies in the current folder."""
    monkeypatch.chdir(tmp_path)


def test_a_proof_passes_and_a_race_fails_with_its_steps() -> None:
    explore_behaviour(f"{SHOP}:conditional", **FUNCTIONS).assert_valid()
    with pytest.raises(AssertionError) as failed:
        explore_behaviour(f"{SHOP}:naive", **FUNCTIONS).assert_valid()
    lines = str(failed.value).splitlines()
    assert lines[0] == "INVALID  oversell, lost-update: 2 tickets were sold, and there were 1"
    assert lines[1].startswith("1  buyer 0  SELECT stock FROM event  → -1  (1,)  ")
    assert lines[-2:] == ["buyer 0: 1 sold", "buyer 1: 1 sold"]


def test_unknown_is_no_pass() -> None:
    with pytest.raises(AssertionError, match=r"^UNKNOWN  .*opens sold\.txt past an interceptor"):
        explore_behaviour(f"{SHOP}:writes_a_file", **FUNCTIONS).assert_valid()


def test_what_cannot_be_explored_is_an_error() -> None:
    with pytest.raises(BookingError, match="--setup fails: RuntimeError: no card"):
        explore_behaviour(f"{SHOP}:naive", setup=f"{SHOP}:fails_before", check=f"{SHOP}:left")
