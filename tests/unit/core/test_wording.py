"""A number has its noun."""

from __future__ import annotations

import pytest

from booking.core.wording import counted


@pytest.mark.parametrize(
    "number,text", [(0, "0 tickets"), (1, "1 ticket"), (2, "2 tickets"), (12, "12 tickets")]
)
def test_one_is_singular(number: int, text: str) -> None:
    assert counted(number, "ticket") == text
