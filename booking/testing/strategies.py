"""Orders as data."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

CHOICES_MAX = 40  # more than three buyers ever have


@dataclass(frozen=True, slots=True)
class Schedule:
    """How many buyers there are, and which of those who can go on goes on each time.

    Behind the last choice the first buyer who can goes on: no choice at all is the serial sale.
    """

    buyers: int
    choices: tuple[int, ...] = ()


def schedules(buyers: int = 3, choices_max: int = CHOICES_MAX) -> st.SearchStrategy[Schedule]:
    """Give orders of so many buyers; they shrink towards the serial one."""
    choices = st.lists(st.integers(0, buyers - 1), max_size=choices_max)
    return st.builds(lambda some: Schedule(buyers, tuple(some)), choices)
