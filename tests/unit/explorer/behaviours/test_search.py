"""The search without processes: made-up buyers over made-up resources, against every order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from booking.explorer.behaviours.buyers import Moved
from booking.explorer.behaviours.search import BehaviourExplorer
from booking.instrument.seam import Announcement, Touch
from booking.processes.behaviour_buyer import Bought

Program = Sequence[tuple[str, bool]]  # the steps of a buyer: resource, and whether it writes


class Simulated:
    """Buyers that write their step's number into resources, and keep what they read."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self.programs = programs
        self.doubts: list[str] = []
        self.buyers: list[Any] = [SimpleNamespace(bought=None) for _ in programs]

    def warm(self, reset: object) -> None: ...

    def begin(self) -> None:
        self.at = [0] * len(self.programs)
        self.content: dict[str, int] = {}
        self.read: list[list[int]] = [[] for _ in self.programs]
        self.clock = count(1)

    def end(self) -> None: ...

    def enabled(self) -> list[int]:
        return [n for n, program in enumerate(self.programs) if self.at[n] < len(program)]

    def take(self, number: int, *, forced: bool = False) -> Moved:
        resource, writes = self.programs[number][self.at[number]]
        if writes:
            self.content[resource] = 10 * number + self.at[number] + 1
        else:
            self.read[number].append(self.content.get(resource, 0))
        self.at[number] += 1
        ends = self.at[number] == len(self.programs[number])
        if ends:
            self.buyers[number].bought = Bought("sold", 1, error=str(self.read[number]))
        announced = Announcement("step", resource, (Touch(resource, writes),), "")
        return Moved(number, announced, (), forced, self.at[number] == 1, ends)

    def positions(self) -> tuple[object, ...]:
        return tuple(self.at), tuple(map(tuple, self.read))


def ends(programs: Sequence[Program], method: Any) -> tuple[set[str], int]:
    """Return every end that a search finds, as text, and how many executions it took."""
    found: set[str] = set()
    buyers: Any = Simulated(programs)

    def find_anomalies(answers: list[Bought]) -> dict[str, str]:
        found.add(f"{[answer.error for answer in answers]} {sorted(buyers.content.items())}")
        return {}

    result = BehaviourExplorer(buyers, lambda: None, find_anomalies, method=method).explore()
    assert result.complete
    return found, result.ends


STEPS = st.lists(st.tuples(st.sampled_from("xy"), st.booleans()), min_size=1, max_size=3)


@given(st.lists(STEPS, min_size=2, max_size=3))
def test_the_reduced_search_finds_every_end_of_the_plain_one(programs: list[Program]) -> None:
    """With no more executions: orders that differ in steps that commute are executed once."""
    every, orders = ends(programs, "plain")
    reduced, classes = ends(programs, "reduced")
    assert reduced == every
    assert classes <= orders


def test_steps_that_commute_are_executed_in_one_order() -> None:
    assert ends([[("x", True)] * 2, [("y", True)] * 2], "reduced")[1] == 1
    assert ends([[("x", True)] * 2, [("y", True)] * 2], "plain")[1] == 6
    assert ends([[("x", False)], [("x", False)]], "reduced")[1] == 1
    assert ends([[("x", False)], [("x", True)]], "reduced")[1] == 2
