"""A number has its noun."""

from __future__ import annotations

import pytest

from booking.core.wording import counted


@pytest.mark.parametrize(
    "number,text", [(0, "0 tickets"), (1, "1 ticket"), (2, "2 tickets"), (1200, "1,200 tickets")]
)
def test_one_is_singular(number: int, text: str) -> None:
    assert counted(number, "ticket") == text


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert counted(2, "entry", "entries") == "2 entries"
