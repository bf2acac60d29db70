"""Durations: written with a unit, or refused."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.core.durations import Span, parse_duration, parse_span, written


@pytest.mark.parametrize(
    "text, seconds", [("10ms", 0.01), ("2s", 2.0), ("500us", 0.0005), ("1.5m", 90.0), ("0ms", 0.0)]
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """A number and a unit."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["10", 10, 1.5, "ms", "-1s", "1h", "1e3s", "", "10 ms", None, True, "100000m", "१s", []]
)
def test_anything_else_is_refused(text: object) -> None:
    """No unit is ever guessed."""
    with pytest.raises(ValueError, match=r"unit|duration|longer"):
        parse_duration(text)


def test_a_span_draws_between_its_bounds() -> None:
    """The same seed draws the same durations."""
    span = parse_span("10ms..30ms")
    drawn = [span.draw(Random(number)) for number in range(100)]
    assert all(0.01 <= one <= 0.03 for one in drawn)
    assert drawn == [span.draw(Random(number)) for number in range(100)]


def test_a_span_does_not_run_backwards() -> None:
    """The shorter bound comes first."""
    with pytest.raises(ValueError, match="backwards"):
        parse_span("3s..1s")


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_what_is_written_is_read_again(one_us: int, other_us: int) -> None:
    """A span in the replay command is the span of the sale."""
    low_us, high_us = sorted((one_us, other_us))
    span = Span(low_us / 1e6, high_us / 1e6)
    again = parse_span(str(span))
    assert again.low_s == pytest.approx(span.low_s, rel=1e-5)
    assert again.high_s == pytest.approx(span.high_s, rel=1e-5)
    assert parse_duration(written(span.low_s)) == again.low_s
