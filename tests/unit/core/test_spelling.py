"""A wrong name is answered with the nearest right one."""

from __future__ import annotations

import pytest

from booking.core.spelling import nearest, unknown

KNOWN = ("none", "lock", "row-lock", "optimistic", "atomic", "json", "json-inplace")


@pytest.mark.parametrize(
    "wrong, meant",
    [
        ("lok", "lock"),
        ("LOCK", "lock"),
        ("row_lock", "row-lock"),
        ("row lock", "row-lock"),
        ("opt", "optimistic"),  # an unfinished name
        ("optimsitic", "optimistic"),
        ("jsn", "json"),
        ("json ", "json"),
        ("xyz", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_found(wrong: str, meant: str | None) -> None:
    """Letters that are wrong, missing, swapped or capital; nothing where nothing is near."""
    assert nearest(wrong, KNOWN) == meant


def test_the_message_has_the_nearest_name_and_all() -> None:
    """Names without a near one are listed only."""
    assert unknown("guard", "lok", ["none", "lock"]) == (
        'unknown guard "lok"; did you mean lock? known: none, lock'
    )
    assert unknown("guard", "xyz", ["none"]) == 'unknown guard "xyz"; known: none'
