"""The search without processes: made-up buyers over made-up resources, against every order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, permutations
from math import factorial
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from booking.explorer.behaviours.buyer import Moved
from booking.explorer.behaviours.search import BehaviourExplorer
from booking.instrument.seam import Announcement, Touch
from booking.processes.behaviour_buyer import Bought

Program = Sequence[tuple[str, bool]]  # the steps of a buyer: resource, and whether it writes


class Simulated:
    """Buyers that write their step's number into resources, and keep what they read."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self.programs = programs
        self.doubts: list[str] = []
        self.buyers: list[Any] = [
            SimpleNamespace(bought=None, number=n) for n in range(len(programs))
        ]
        self.hung: list[int] = []
        self.alike = True

    def warm(self, reset: Any) -> None: ...

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


def ends(
    programs: Sequence[Program], method: Any, *, symmetric: bool = False
) -> tuple[set[object], int]:
    """Return every end that a search finds, and how many executions it took.

    `symmetric`: an end with the names of the buyers exchanged is the same end.
    """
    found: set[object] = set()
    buyers: Any = Simulated(programs)

    def find_anomalies(_answers: list[Bought]) -> dict[str, str]:
        number = range(len(programs))
        names = permutations(number) if symmetric else [tuple(number)]
        found.add(min(map(named, names)))
        return {}

    def named(names: tuple[int, ...]) -> object:
        def writer(value: int) -> tuple[int, int]:
            buyer, step = divmod(value - 1, 10)
            return (names[buyer], step) if value else (-1, 0)

        reads = {names[n]: tuple(map(writer, read)) for n, read in enumerate(buyers.read)}
        content = {resource: writer(value) for resource, value in buyers.content.items()}
        return tuple(sorted(reads.items())), tuple(sorted(content.items()))

    result = BehaviourExplorer(
        buyers, lambda: None, find_anomalies, method=method, symmetric=symmetric
    ).explore()
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


@given(STEPS, st.integers(2, 3))
def test_equal_buyers_are_executed_once_for_all_their_names(program: Program, count: int) -> None:
    """Every end is found, but for the names, in a part of the executions: no less than 1 of n!."""
    programs = [program] * count
    every, _ = ends(programs, "plain", symmetric=True)
    _, classes = ends(programs, "reduced")
    found, executions = ends(programs, "reduced", symmetric=True)
    assert found == every
    assert classes / factorial(count) <= executions <= classes


def test_equal_buyers_that_race_are_half_as_many() -> None:
    read_then_write: Program = [("x", False), ("x", True)]
    assert ends([read_then_write] * 2, "reduced")[1] == 4
    assert ends([read_then_write] * 2, "reduced", symmetric=True)[1] == 2
    assert (
        ends([read_then_write] * 3, "reduced")[1]
        == 6 * ends([read_then_write] * 3, "reduced", symmetric=True)[1]
    )


def test_steps_that_commute_are_executed_in_one_order() -> None:
    assert ends([[("x", True)] * 2, [("y", True)] * 2], "reduced")[1] == 1
    assert ends([[("x", True)] * 2, [("y", True)] * 2], "plain")[1] == 6
    assert ends([[("x", False)], [("x", False)]], "reduced")[1] == 1
    assert ends([[("x", False)], [("x", True)]], "reduced")[1] == 2
