"""One execution for each class of interleavings that differ only in steps that commute.

Dynamic partial-order reduction (Flanagan & Godefroid 2005) with sleep sets (Godefroid 1996),
for buyers that are not interchangeable. Two steps of different buyers depend on one another

* when they touch the same resource and not both of them only read;
* when an operation ends by the one and begins with the other: the judge sees who was first
  (`clocked`; without it the classes are those of the steps alone, as the literature counts).

Where two dependent steps could have come the other way round, the second one's buyer is tried
before the first; where that buyer could not go on there, everybody who could is. A sleep set
holds who need not be tried again: each class is then executed to its end exactly once.
A class stands for as many interleavings as its order has linear extensions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

from booking.explorer.exhaustive import settle
from booking.explorer.model import Limits
from booking.explorer.path import ExecutionPath
from booking.explorer.result import Exploration, Judge, Progress
from booking.explorer.transition import Inconclusive, Step, Transition
from booking.explorer.transition_cache import TransitionCache
from booking.history.actions import READS, Action


class Act(NamedTuple):
    """A step that was taken: all that its dependence on others is judged by."""

    buyer: int
    action: str
    resource: str
    begins: bool
    ends: bool


@dataclass(slots=True)
class _Point:
    """A state on the current path: who could go on, who must be tried, who was, who sleeps."""

    enabled: list[int]
    wanted: set[int]
    tried: dict[int, Act]
    asleep: dict[int, Act]
    taken: int


class DporExplorer:
    """Enumerate classes of interleavings depth first."""

    def __init__(
        self,
        lab: TransitionCache,
        judge: Judge,
        limits: Limits,
        progress: Progress,
        *,
        clocked: bool = True,
    ) -> None:
        self.lab = lab
        self.clocked = clocked  # whether it matters which operation ended before another began
        self.result = Exploration("reduced", interleavings=0, violating=0, classes=0)
        self._judge = judge
        self._limits = limits
        self._progress = progress
        self._path: list[_Point] = []
        self._acts: list[Act] = []
        self._pasts: list[int] = []  # of each act, the acts that happened before it: bits
        self._start_s = time.monotonic()

    def explore(self, *, first: bool = False) -> Exploration:
        """Execute every class within the limits; `first`: only until one is violating."""
        result = self.result
        try:
            self._execute()
            while not result.bound and self._turn_back():
                self._execute()
                self._bound(first=first)
        except Inconclusive as undecided:
            result.doubts.append(undecided.doubt)
        result.doubts = self.lab.theatre.doubts() + result.doubts  # places first
        result.complete = not (result.bound or result.doubts)
        result.executions = self.lab.theatre.executions
        result.elapsed_s = time.monotonic() - self._start_s
        if not result.complete:
            result.interleavings = result.violating = result.classes = None
        return result

    def _turn_back(self) -> bool:
        """Go back to the last point at which somebody else is to be tried."""
        while self._path:
            point = self._path[-1]
            open_ = point.wanted - point.tried.keys() - point.asleep.keys()
            if open_:
                point.taken = min(open_)
                return True
            self._path.pop()
        return False

    def _execute(self) -> None:
        self._acts, self._pasts = [], []
        with self.lab.theatre.open() as world:
            course = ExecutionPath(self.lab, world)
            for point in self._path:
                self._take(course, point)
            while enabled := course.enabled():
                asleep = self._still_asleep()
                awake = [buyer for buyer in enabled if buyer not in asleep]
                if not awake:
                    return  # whatever comes of this was executed before
                point = _Point(enabled, {awake[0]}, {}, asleep, awake[0])
                self._path.append(point)
                self.result.states += 1
                self._take(course, point)
            self._await_turns(course)
            self.result.classes = (self.result.classes or 0) + 1
            settle(self.result, self._judge, course, self._orders(), self._start_s)

    def _take(self, course: ExecutionPath, point: _Point) -> None:
        buyer = point.taken
        step = course.next(buyer)
        assert step is not None
        act = _act(buyer, step, course.take(buyer))
        self._race(act)
        past = 0
        for number, earlier in enumerate(self._acts):
            if earlier.buyer == buyer or self._depend(earlier, act):
                past |= self._pasts[number] | 1 << number
        self._acts.append(act)
        self._pasts.append(past)
        point.tried[buyer] = act

    def _race(self, act: Act) -> None:
        """Want `act` tried before each earlier act that it could have overtaken."""
        known = 0  # what happened before this buyer's last act
        for number in range(len(self._acts) - 1, -1, -1):
            if self._acts[number].buyer == act.buyer:
                known = self._pasts[number] | 1 << number
                break
        for number, earlier in enumerate(self._acts):
            if known >> number & 1 or not self._could_swap(earlier, act):
                continue
            point = self._path[number]
            point.wanted |= {act.buyer} if act.buyer in point.enabled else set(point.enabled)

    def _depend(self, one: Act, other: Act) -> bool:
        if one.resource == other.resource and not (one.action in READS and other.action in READS):
            return True
        return self.clocked and ((one.begins and other.ends) or (one.ends and other.begins))

    def _could_swap(self, earlier: Act, act: Act) -> bool:
        if earlier.buyer == act.buyer or not self._depend(earlier, act):
            return False
        # Who waits for a lock can't go on before it is released: their order is no choice.
        handed = earlier.action == Action.RELEASE and act.action == Action.ACQUIRE
        same = earlier.resource == act.resource
        return self.lab.plan.timeouts or not (handed and same and not _timed(earlier, act))

    def _await_turns(self, course: ExecutionPath) -> None:
        """At an end at which somebody waits for ever: what if he had been first?"""
        for buyer in range(len(course.stands)):
            step = course.next(buyer)
            if step is not None:
                self._race(Act(buyer, step.action, step.resource, begins=True, ends=True))

    def _still_asleep(self) -> dict[int, Act]:
        """Give who sleeps after the last act: whose act it does not depend on."""
        if not self._path:
            return {}
        point, act = self._path[-1], self._acts[-1]
        sleepers = {**point.asleep, **point.tried}
        return {
            buyer: one
            for buyer, one in sleepers.items()
            if buyer != act.buyer and not self._depend(one, act)
        }

    def _orders(self) -> int:
        """Count the linear extensions of this execution's order."""
        ways = {0: 1}
        for _ in self._acts:
            after: dict[int, int] = {}
            for done, count in ways.items():
                for number, past in enumerate(self._pasts):
                    if not done >> number & 1 and past & ~done == 0:
                        new = done | 1 << number
                        after[new] = after.get(new, 0) + count
            ways = after
        return sum(ways.values())

    def _bound(self, *, first: bool) -> None:
        result = self.result
        self._progress(result.states, self.lab.theatre.executions)
        if first and result.findings:
            result.bound = "first"
        elif result.states > self._limits.states_max:
            result.bound = "max-states"
        elif time.monotonic() - self._start_s > self._limits.seconds_max:
            result.bound = "max-seconds"


def _act(buyer: int, step: Step, effect: Transition) -> Act:
    return Act(buyer, step.action, step.resource, bool(step.begins), bool(effect.done))


def _timed(earlier: Act, act: Act) -> bool:
    """Whether their order matters for who was first, beside the lock."""
    return earlier.ends and act.begins
