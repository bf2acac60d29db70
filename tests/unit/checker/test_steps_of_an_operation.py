"""The steps of one operation are found among those of its process, however many there are."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace

import pytest

from booking.checker.rules.causes import StepsByProcess


class Step:
    """A step that counts how often its time was asked for."""

    asked = 0

    def __init__(self, process: int, time: int) -> None:
        self.process = process
        self._time = time

    @property
    def time(self) -> int:
        type(self).asked += 1
        return self._time


def op(process: int, invoked: float, returned: float) -> SimpleNamespace:
    return SimpleNamespace(process=process, invoked=invoked, returned=returned)


@pytest.mark.parametrize("seed", range(20))
def test_they_are_those_between_its_ends(seed):
    """Both ends count; equal times do, too; an operation may never return."""
    random = Random(seed)
    steps = [Step(random.randrange(2), random.randrange(9)) for _ in range(random.randrange(12))]
    grouped = StepsByProcess.of(steps)
    for _ in range(20):
        asked = op(random.randrange(3), random.randrange(10), random.choice([*range(10), 1e999]))
        if asked.returned < asked.invoked:
            continue
        found = grouped.during(asked)
        between = [
            step for step in steps
            if step.process == asked.process and asked.invoked <= step.time <= asked.returned
        ]  # fmt: skip
        assert sorted(map(id, found)) == sorted(map(id, between))
        assert [step.time for step in found] == sorted(step.time for step in found)


def test_it_does_not_look_at_all_steps():
    """A sale that sold a thousand times too often was diagnosed in half a minute."""
    grouped = StepsByProcess.of(Step(1, time) for time in range(10_000))
    Step.asked = 0
    assert len(grouped.during(op(1, 5_000, 5_003))) == 4
    assert Step.asked < 100
