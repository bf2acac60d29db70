"""Orders of steps, as data that Hypothesis makes up and shrinks."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

CHOICES_MAX = 40  # more than the steps of three buyers


@dataclass(frozen=True, slots=True)
class Schedule:
    """How many buyers there are, and which of the enabled ones takes each step.

    Behind the last choice the first enabled buyer goes on: no choice at all is the serial sale.
    """

    buyers: int
    choices: tuple[int, ...] = ()


def schedules(buyers: int = 3, choices_max: int = CHOICES_MAX) -> st.SearchStrategy[Schedule]:
    """Return a strategy for the orders of so many buyers; they shrink towards the serial one."""
    numbers = st.lists(st.integers(0, buyers - 1), max_size=choices_max)
    return st.builds(Schedule, buyers=st.just(buyers), choices=numbers.map(tuple))
