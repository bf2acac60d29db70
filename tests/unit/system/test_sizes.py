"""Sizes are read as people write them, and shown so that they can be read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.system.sizes import parse_size, shown_size


@pytest.mark.parametrize("text, count", [
    ("1", 1), ("512", 512), ("16MiB", 16 << 20), ("16M", 16 << 20), ("16 mib", 16 << 20),
    ("1.5GiB", 3 << 29), ("2GB", 2 * 10**9), ("64k", 1 << 16), ("5B", 5),
])  # fmt: skip
def test_a_size_is_read(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize(
    "text", ["", "0", "0MiB", "-1", "much", "1TiB", "1e9", "16 MiB x", "0.1", "٣MiB", "9" * 99]
)
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write 16MiB"):
        parse_size(text)


@given(st.integers(1, 1 << 45))
def test_what_is_shown_is_read_as_nearly_the_same(count: int) -> None:
    shown = shown_size(count)
    assert abs(parse_size(shown.replace(" bytes", "")) - count) <= 0.06 * count
