"""Execute one interleaving of each class of those that differ only in steps that commute.

Dynamic partial-order reduction (Flanagan & Godefroid 2005) with sleep sets (Godefroid 1996),
for buyers that are not interchangeable. Two steps of different tasks depend on one another

* when they touch the same resource and not both of them only read;
* when an operation ends by the one and begins with the other: the checker sees which was first
  (`clocked`; without it the classes are those of the steps alone, as the literature counts).

Where two dependent steps could have come the other way round, a task that can begin the part
between them is tried before the first (source sets: Abdulla et al., POPL 2014). Where it could
not go on there, all that could are. A sleep set holds the tasks that need not be tried again: each
class is then executed to its end exactly once. A class stands for as many interleavings as its
order has linear extensions.

That steps on different resources commute is what their names say. `commuting` holds it against
what they do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from booking.explorer.commuting import ensure_commuting
from booking.explorer.model import Limits
from booking.explorer.path import ExecutionPath
from booking.explorer.result import Check, Progress
from booking.explorer.search import PathExplorer
from booking.explorer.transition import Step, Transition
from booking.explorer.transition_cache import TransitionCache
from booking.history.actions import READS, Action


class TakenStep(NamedTuple):
    """A step that was taken: all that decides whether it depends on others."""

    task: int
    action: str
    resource: str
    begins: bool
    ends: bool


@dataclass(slots=True)
class _Point:
    """A state on the current path: the tasks enabled in it, to be tried, tried, and asleep."""

    enabled: list[int]
    wanted: set[int]
    tried: dict[int, TakenStep]
    asleep: dict[int, TakenStep]
    taken: int


class DporExplorer(PathExplorer):
    """Enumerate classes of interleavings depth first."""

    method = "reduced"

    def __init__(
        self,
        cache: TransitionCache,
        check: Check,
        limits: Limits,
        progress: Progress,
        *,
        clocked: bool = True,
    ) -> None:
        super().__init__(cache, check, limits, progress)
        self.clocked = clocked  # whether it matters which operation ended before another began
        self.result.classes = 0
        self._points: list[_Point] = []
        self._steps: list[TakenStep] = []
        self._pasts: list[int] = []  # of each step, the steps that happened before it: bits
        self._learnt: list[Transition] = []  # what each step did

    def prefixes(self) -> Iterator[Sequence[int]]:
        """Yield the way to the last point at which another task is to be tried, until none is."""
        yield []
        while self._points:
            point = self._points[-1]
            untried = point.wanted - point.tried.keys() - point.asleep.keys()
            if not untried:
                self._points.pop()
                continue
            point.taken = min(untried)
            self._steps, self._pasts, self._learnt = [], [], []
            yield [point.taken for point in self._points]

    def choose(self, enabled: Sequence[int]) -> int | None:
        """Return the first enabled task that is awake; None: all that follows was executed."""
        asleep = self._still_asleep()
        awake = next((task for task in enabled if task not in asleep), None)
        if awake is not None:
            self._points.append(_Point(list(enabled), {awake}, {}, asleep, awake))
        return awake

    def take(self, path: ExecutionPath, task: int) -> None:
        """Take a task's next step; want it tried before the steps it races with."""
        step = path.next(task)
        assert step is not None
        transition = path.take(task)
        self._learnt.append(transition)
        taken = _taken(task, step, transition)
        self._race(taken)
        past = 0
        for number, earlier in enumerate(self._steps):
            if earlier.task == task or self._depend(earlier, taken):
                past |= self._pasts[number] | 1 << number
        self._points[len(self._steps)].tried[task] = taken
        self._steps.append(taken)
        self._pasts.append(past)

    def completed(self, path: ExecutionPath) -> int:
        """Count the class of a complete execution; return how many interleavings it has."""
        self._race_waiting(path)
        ensure_commuting(self.cache, path.schedule, self._pasts, self._learnt)
        self.result.classes = (self.result.classes or 0) + 1
        return self._linear_extensions()

    def _race(self, step: TakenStep) -> None:
        """Want the other order of each race of `step` with an earlier step (source sets).

        What is between the two and does not depend on the earlier one comes before it then. So
        any task that can begin that part may begin. The task of `step` alone is not enough: where
        it is asleep it would not be tried, and the orders that need another one first were missed.
        """
        known = self._past_of_last(step.task)
        for number, earlier in enumerate(self._steps):
            if known >> number & 1 or not self._could_swap(earlier, step):
                continue
            point = self._points[number]
            first = self._first_without(number, step)
            if not first <= set(point.enabled):  # a wait was in the way
                point.wanted |= set(point.enabled)
            elif not first & point.wanted:
                point.wanted.add(step.task if step.task in first else min(first))

    def _past_of_last(self, task: int) -> int:
        """Return the steps that happened before a task's last one, and that one."""
        for number in range(len(self._steps) - 1, -1, -1):
            if self._steps[number].task == task:
                return self._pasts[number] | 1 << number
        return 0

    def _first_without(self, number: int, step: TakenStep) -> set[int]:
        """Return the tasks that can begin what did not happen after a step, and `step` behind it.

        These are the weak initials of Abdulla et al.
        """
        part = [
            at for at in range(number + 1, len(self._steps)) if not self._pasts[at] >> number & 1
        ]
        bits = sum(1 << at for at in part)
        first = {self._steps[at].task for at in part if not self._pasts[at] & bits}
        if any(self._steps[at].task == step.task or self._depend(self._steps[at], step)
               for at in part):  # fmt: skip
            return first
        return first | {step.task}

    def _depend(self, step: TakenStep, other: TakenStep) -> bool:
        same = step.resource == other.resource
        if same and not (step.action in READS and other.action in READS):
            return True
        return self.clocked and ((step.begins and other.ends) or (step.ends and other.begins))

    def _could_swap(self, earlier: TakenStep, step: TakenStep) -> bool:
        if earlier.task == step.task or not self._depend(earlier, step):
            return False
        # A task that waits for a lock cannot go on before its release: their order is no choice.
        handed = earlier.action == Action.RELEASE and step.action == Action.ACQUIRE
        same = earlier.resource == step.resource
        return self.cache.plan.timeouts or not (handed and same and not _timed(earlier, step))

    def _race_waiting(self, path: ExecutionPath) -> None:
        """Race the next step of each task that waits for ever: it could have been first."""
        for task in range(len(path.states)):
            step = path.next(task)
            if step is not None:
                self._race(TakenStep(task, step.action, step.resource, begins=True, ends=True))

    def _still_asleep(self) -> dict[int, TakenStep]:
        """Return the tasks that sleep after the last step: it does not depend on theirs."""
        if not self._points:
            return {}
        point, last = self._points[-1], self._steps[-1]
        sleepers = {**point.asleep, **point.tried}
        return {
            task: step
            for task, step in sleepers.items()
            if task != last.task and not self._depend(step, last)
        }

    def _linear_extensions(self) -> int:
        """Count the linear extensions of this execution's order."""
        ways = {0: 1}
        for _ in self._steps:
            self.cache.environment.ensure_time()
            after: dict[int, int] = {}
            for done, count in ways.items():
                for number, past in enumerate(self._pasts):
                    if not done >> number & 1 and past & ~done == 0:
                        new = done | 1 << number
                        after[new] = after.get(new, 0) + count
            ways = after
        return sum(ways.values())


def _taken(task: int, step: Step, transition: Transition) -> TakenStep:
    return TakenStep(
        task, step.action, step.resource, bool(step.begins), bool(transition.completed)
    )


def _timed(earlier: TakenStep, step: TakenStep) -> bool:
    """Return whether their order decides which operation was first, beside the lock."""
    return earlier.ends and step.begins
