"""Every interleaving, one after another, each executed from the start: slow, and hard to get wrong.

It merges nothing and leaves nothing out, so it is what the other searches are held against.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from booking.core.verdict import Outcome
from booking.explorer.model import Limits
from booking.explorer.path import ExecutionPath
from booking.explorer.result import Exploration, Judge, Progress
from booking.explorer.transition import Inconclusive
from booking.explorer.transition_cache import TransitionCache


@dataclass(slots=True)
class _Fork:
    """A point at which several buyers could go on: those not yet tried, and the one that did."""

    rest: list[int] = field(default_factory=list)
    taken: int = -1


class DfsExplorer:
    """Enumerate interleavings depth first."""

    def __init__(
        self, lab: TransitionCache, judge: Judge, limits: Limits, progress: Progress
    ) -> None:
        self.lab = lab
        self.result = Exploration("plain", interleavings=0, violating=0)
        self._judge = judge
        self._limits = limits
        self._progress = progress
        self._start_s = time.monotonic()

    def explore(self, *, first: bool = False) -> Exploration:
        """Execute every interleaving within the limits; `first`: only until one is violating."""
        result = self.result
        forks: list[_Fork] = []
        try:
            while not result.bound:
                self._execute(forks)
                while forks and not forks[-1].rest:
                    forks.pop()
                if not forks:
                    break
                forks[-1].taken = forks[-1].rest.pop()
                self._bound(first=first)
        except Inconclusive as undecided:
            result.doubts.append(undecided.doubt)
        result.doubts = self.lab.theatre.doubts() + result.doubts  # places first
        result.complete = not (result.bound or result.doubts)
        result.executions = self.lab.theatre.executions
        result.elapsed_s = time.monotonic() - self._start_s
        if not result.complete:
            result.interleavings = result.violating = None
        return result

    def _execute(self, forks: list[_Fork]) -> None:
        """Follow the forks, then the first who can go on, to the end; judge what came of it."""
        with self.lab.theatre.open() as world:
            course = ExecutionPath(self.lab, world)
            for fork in forks:
                course.take(fork.taken)
            while enabled := course.enabled():
                forks.append(_Fork(enabled[1:], enabled[0]))
                self.result.states += 1
                course.take(enabled[0])
            settle(self.result, self._judge, course, 1, self._start_s)

    def _bound(self, *, first: bool) -> None:
        result = self.result
        self._progress(result.states, self.lab.theatre.executions)
        if first and result.findings:
            result.bound = "first"
        elif result.states > self._limits.states_max:
            result.bound = "max-states"
        elif time.monotonic() - self._start_s > self._limits.seconds_max:
            result.bound = "max-seconds"


def settle(
    result: Exploration, judge: Judge, course: ExecutionPath, interleavings: int, start_s: float
) -> None:
    """Judge one complete execution, which stands for so many interleavings."""
    verdict = judge(course.history())
    result.undecided += verdict.outcome is Outcome.UNKNOWN
    violating = verdict.outcome is Outcome.INVALID
    result.interleavings = (result.interleavings or 0) + interleavings
    result.violating = (result.violating or 0) + violating * interleavings
    result.ends.add(course.end())
    if course.certain is not None:
        name, steps = course.certain
        result.note(name, course.schedule[:steps])
    for one in verdict.anomalies:
        result.note(one.name, course.schedule, one.message)
    if result.findings and result.witness_s is None:
        result.witness_s = time.monotonic() - start_s
