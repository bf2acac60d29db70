"""The frame of every search: limits, progress, findings, and when the result is complete.

A search chooses what comes next. `Explorer` does the rest, for states; `PathExplorer` adds the
frame of searches that execute one interleaving after another.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from booking.core.verdict import AnomalyName, Outcome
from booking.explorer.model import Limits
from booking.explorer.path import STEPS_MAX, ExecutionPath
from booking.explorer.result import Check, Exploration, Progress
from booking.explorer.transition import BoundReached, Caveat, Inconclusive
from booking.explorer.transition_cache import TransitionCache
from booking.history.model import History

VERIFIED_MAX = 50


class Explorer(ABC):
    """A search of a bounded sale within limits."""

    method: ClassVar[str]
    transitions: ClassVar[type[TransitionCache]] = TransitionCache  # what it learns them with

    def __init__(
        self, cache: TransitionCache, check: Check, limits: Limits, progress: Progress
    ) -> None:
        self.cache = cache
        self.result = Exploration(self.method)
        self._check = check
        self._limits = limits
        self._progress = progress
        self._first = False
        self._start_s = time.monotonic()
        cache.environment.ends_s = self._start_s + limits.seconds_max

    def explore(self, *, first: bool = False) -> Exploration:
        """Search within the limits; `first`: only until an anomaly is found."""
        self._first = first
        result, environment = self.result, self.cache.environment
        try:
            self._search()
        except Inconclusive as inconclusive:
            result.caveats.append(inconclusive.caveat)
        except BoundReached as reached:
            result.bound = reached.bound
        result.caveats = environment.caveats() + result.caveats  # places in the code first
        result.complete = not (result.bound or result.caveats)
        if not result.complete:
            result.interleavings = result.violating = result.classes = None
        result.executions = environment.executions
        result.elapsed_s = self._elapsed_s()
        return result

    @abstractmethod
    def _search(self) -> None:
        """Search until nothing is left, or until `_bounded` returns True."""

    def _bounded(self, *, look: bool = True) -> bool:
        """Return whether a limit ends the search; `look`: at the clock, too."""
        result = self.result
        if self._first and result.findings:
            result.bound = "first"
        elif result.states > self._limits.states_max:
            result.bound = "max-states"
        elif look and self._late():
            result.bound = "max-seconds"
        return result.bound is not None

    def _late(self) -> bool:
        """Report the progress; return whether the time is over."""
        self._progress(self.result.states, self.cache.environment.executions)
        return self._elapsed_s() > self._limits.seconds_max

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._start_s

    def _note(self, name: AnomalyName, schedule: Sequence[int], message: str = "") -> None:
        self.result.note(name, schedule, message)
        if self.result.first_finding_s is None:
            self.result.first_finding_s = self._elapsed_s()

    def _decide(self, history: History, schedule: Sequence[int]) -> Outcome:
        """Check a whole sale, and note the anomalies in it."""
        verdict = self._check(history)
        self.result.undecided += verdict.outcome is Outcome.UNKNOWN
        for anomaly in verdict.anomalies:
            self._note(anomaly.name, schedule, anomaly.message)
        return verdict.outcome


class PathExplorer(Explorer):
    """A search that executes interleavings one after another; it is the scheduler of each."""

    def __init__(
        self, cache: TransitionCache, check: Check, limits: Limits, progress: Progress
    ) -> None:
        super().__init__(cache, check, limits, progress)
        self.result.interleavings = self.result.violating = 0
        self._verified = 0  # orders executed again, with every buyer that waits asking at once

    @abstractmethod
    def prefixes(self) -> Iterator[Sequence[int]]:
        """Yield the schedule that each execution begins with; the first one is empty."""

    @abstractmethod
    def choose(self, enabled: Sequence[int]) -> int | None:
        """Return the task that goes next, behind the prefix; None abandons the execution."""

    def take(self, path: ExecutionPath, task: int) -> None:
        """Take one task's next step, inside the prefix or behind it."""
        path.take(task)

    def completed(self, path: ExecutionPath) -> int:
        """Take note of a complete execution; return how many interleavings it stands for."""
        return 1

    def _search(self) -> None:
        for number, prefix in enumerate(self.prefixes()):
            if number and self._bounded():
                return
            self._execute(prefix)

    def _execute(self, prefix: Sequence[int]) -> None:
        with self.cache.environment.open() as execution:
            path = ExecutionPath(self.cache, execution)
            for task in prefix:
                self.take(path, task)
            while enabled := path.enabled():
                chosen = self.choose(enabled)
                if chosen is None:
                    return
                if len(path.schedule) >= STEPS_MAX:
                    what = f"one execution took {STEPS_MAX:,} steps, and did not end"
                    raise Inconclusive(Caveat(what, f"buyer {chosen}, step {path.next(chosen)}"))
                self.result.states += 1
                if self.result.states > self._limits.states_max + 1:
                    raise BoundReached("max-states")
                self.take(path, chosen)
            self._settle(path, self.completed(path))
        if path.waited and self._verified < VERIFIED_MAX:
            self._verified += 1
            self.cache.verify(path.schedule, path.execution.content)

    def _settle(self, path: ExecutionPath, interleavings: int) -> None:
        """Check a complete execution, and count it as so many interleavings."""
        result = self.result
        if path.certain is not None:
            name, steps = path.certain
            self._note(name, path.schedule[:steps])
        outcome = self._decide(path.history(), path.schedule)
        result.interleavings = (result.interleavings or 0) + interleavings
        if outcome is Outcome.INVALID:
            result.violating = (result.violating or 0) + interleavings
        result.ends.add(path.end())
