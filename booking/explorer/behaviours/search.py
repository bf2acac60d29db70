"""Search the interleavings of purchase functions: each execution is real, from the start.

Dynamic partial-order reduction (Flanagan & Godefroid 2005) with sleep sets (Godefroid 1996) over
what each step was seen to touch; `plain` takes every order by itself. A step that is refused has
no effect, so it is no step: its buyer is not enabled there, and all others come first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from booking.explorer.behaviours.buyer import Disturbed, Moved, Relearned
from booking.explorer.behaviours.buyers import BehaviourBuyers
from booking.explorer.behaviours.dependence import depend, interchangeable
from booking.explorer.behaviours.exploration import (
    REPEATS_MAX,
    STEPS_MAX,
    BehaviourExploration,
    BehaviourFinding,
    FindAnomalies,
    Method,
    without_place,
)
from booking.explorer.behaviours.smoothing import renamed, smoothed
from booking.explorer.transition import Caveat, Inconclusive
from booking.processes.behaviour_buyer import Bought

RESTARTS_MAX = 100
SAME_SHOWN, DIFFERENCE_SHOWN = 60, 140  # characters of what was told otherwise


@dataclass(slots=True)
class Point:
    """A state on the current path: who is enabled, to be tried, tried, asleep, and goes next."""

    enabled: set[int]
    wanted: set[int]
    asleep: dict[int, Moved]
    taken: int
    tried: dict[int, Moved] = field(default_factory=dict)
    forced: bool = False
    stands_for: dict[int, int] = field(default_factory=dict)  # buyer → the one explored for it


class BehaviourExplorer:
    """A stateless search: it keeps the path, and executes from the start each time."""

    def __init__(
        self,
        buyers: BehaviourBuyers,
        reset: Callable[[], None],
        find_anomalies: FindAnomalies,
        *,
        method: Method = "reduced",
        symmetric: bool = False,
        seconds_max: float = 60.0,
        first: bool = False,
        progress: Callable[[int, int], None] = lambda _steps, _executions: None,
    ) -> None:
        self.result = BehaviourExploration(method)
        self._buyers = buyers
        self._reset = reset
        self._find_anomalies = find_anomalies
        self._plain = method == "plain"
        self._symmetric = symmetric and not self._plain
        self._seconds_max = seconds_max
        self._first = first
        self._progress = progress
        self._points: list[Point] = []
        self._moves: list[Moved] = []
        self._pasts: list[int] = []  # of each step, the steps that happened before it: bits
        self._seen: dict[tuple[tuple[int, bool], ...], object] = {}
        self._restarts = 0
        self._repeats = 0

    def explore(self) -> BehaviourExploration:
        """Search within the limits."""
        result, start_s = self.result, time.monotonic()
        try:
            self._buyers.warm(self._reset)
            self._symmetric &= self._buyers.alike
            self._start_s = time.monotonic()
            while True:
                try:
                    self._execute()
                except Relearned:
                    self._begin_again()
                    continue
                except Disturbed:  # the path stays: it is followed once more
                    self._repeats += 1
                    if self._repeats > REPEATS_MAX:
                        what = "the machine is too busy: a server looked for deadlocks before us"
                        raise Inconclusive(Caveat(what, "an execution")) from None
                    continue
                self._progress(result.steps, result.executions)
                if self._first and result.shortest is not None:
                    result.bound = "first"
                elif time.monotonic() - start_s > self._seconds_max:
                    result.bound = "max-seconds"
                if result.bound or not self._next():
                    break
            self._execute_smooth()
        except Inconclusive as inconclusive:
            result.caveats.append(str(inconclusive.caveat))
        result.caveats = self._buyers.doubts + result.caveats
        result.symmetric = self._symmetric
        result.complete = not (result.bound or result.caveats)
        result.elapsed_s = time.monotonic() - start_s
        return result

    def _execute_smooth(self) -> None:
        """Show the counterexample in the order that is easiest to read, if it is one as well."""
        found = self.result.shortest
        if found is None:
            return
        smooth = renamed(found.smooth) if self._symmetric else found.smooth
        if smooth == found.steps:
            return
        self._reset()
        self._buyers.begin()
        try:
            taken: list[Moved] = []
            for step in smooth:
                able = step.buyer in self._buyers.enabled()
                moved = self._buyers.take(step.buyer, forced=step.forced) if able else None
                if moved is None or moved.told != step.told:
                    return
                taken.append(moved)
            answers = [] if self._buyers.enabled() else self._answers()
            if answers and self._find_anomalies(answers) == found.anomalies:
                found.steps, found.answers = taken, answers
        except (Disturbed, Inconclusive, Relearned):
            return  # the order that was executed stays
        finally:
            self._buyers.end()

    def _begin_again(self) -> None:
        """Begin the search again, knowing more of what a step touches."""
        self._restarts += 1
        if self._restarts > RESTARTS_MAX:
            raise Inconclusive(Caveat("what a step touches does not settle", "the search"))
        result = self.result
        self._points, self._seen = [], {}
        result.ends = result.violating = 0
        result.outcomes.clear()

    def _next(self) -> bool:
        """Go back to the last point at which another buyer is to be tried; False: there is none."""
        while self._points:
            point = self._points[-1]
            untried = point.wanted - point.tried.keys() - point.asleep.keys()
            if untried:
                point.taken = min(untried)
                point.forced = False
                return True
            self._points.pop()
        return False

    def _execute(self) -> None:
        self._moves, self._pasts = [], []
        self.result.executions += 1
        self._reset()
        self._buyers.begin()
        try:
            if self._follow() and self._go_on():
                self._settle()
        finally:
            self._buyers.end()

    def _follow(self) -> bool:
        """Take the steps of the path; return whether its last one was possible."""
        for depth, point in enumerate(self._points):
            if not self._take(point):
                if depth != len(self._points) - 1:
                    raise Inconclusive(Caveat("a step was refused that was taken before", "replay"))
                self._refused(point)
                return False
        return True

    def _go_on(self) -> bool:
        """Take steps until every buyer has ended; return whether that is a new order."""
        while enabled := self._buyers.enabled():
            if len(self._moves) >= STEPS_MAX:
                raise Inconclusive(Caveat(f"an execution took {STEPS_MAX:,} steps", "its end"))
            if time.monotonic() - self._start_s > self._seconds_max:
                self.result.bound = "max-seconds"
                return False
            if not self._try(enabled, self._still_asleep()):
                return False
        return True

    def _stands_for(self, enabled: list[int], asleep: dict[int, Moved]) -> dict[int, int]:
        """Return for each buyer the one that is explored for it: of interchangeable ones, one.

        One that sleeps stands for others that do not: what follows was executed already, but for
        the buyers' names.
        """
        first = sorted(enabled, key=lambda buyer: (buyer not in asleep, buyer))
        found: dict[int, int] = {}
        for buyer in first:
            found[buyer] = next(
                (one for one in first if found.get(one) == one and self._alike(one, buyer)), buyer
            )
        return found

    def _alike(self, one: int, other: int) -> bool:
        """Return whether two buyers can change names here, and nothing else would change."""
        return self._symmetric and interchangeable(
            self._moves, self._pasts, one, other
        )  # they run the same code, so they stand before the same step

    def _try(self, enabled: list[int], asleep: dict[int, Moved]) -> bool:
        """Take the first step that is possible; return whether one was."""
        stands_for = self._stands_for(enabled, asleep)
        able = set(stands_for.values())
        awake = [buyer for buyer in enabled if buyer in able and buyer not in asleep]
        if not awake:
            return False
        wanted = able if self._plain else {awake[0]}
        point = Point(able, set(wanted), asleep, awake[0], stands_for=stands_for)
        self._points.append(point)
        while not self._take(point):
            self._refused(point)
            enabled = self._buyers.enabled()
            point.stands_for = self._stands_for(enabled, asleep)
            point.enabled = set(point.stands_for.values())
            left = [buyer for buyer in enabled if buyer in point.enabled and buyer not in asleep]
            if not left:
                self._points.pop()
                return False
            point.taken = left[0]
            point.wanted = set(left)
        return True

    def _refused(self, point: Point) -> None:
        """Take note that a buyer cannot go on at a point: all that can are tried there."""
        point.enabled.discard(point.taken)
        point.wanted.discard(point.taken)
        point.wanted |= point.enabled

    def _take(self, point: Point) -> bool:
        forced = point.forced
        moved = self._buyers.take(point.taken, forced=forced)
        if moved is None:
            return False
        point.forced = moved.forced
        self._race(moved)
        past = self._past_of(moved)
        self._moves.append(moved)
        self._pasts.append(past)
        point.tried[moved.buyer] = moved
        self.result.steps += 1
        self._ensure_same()
        return True

    def _ensure_same(self) -> None:
        """The same order must be told the same: else there is a state that was not reset."""
        order = tuple((move.buyer, move.forced) for move in self._moves)
        positions = self._buyers.positions()
        known = self._seen.setdefault(order, positions)
        if known != positions:
            what = f"the same order of steps went another way: {_difference(known, positions)}"
            raise Inconclusive(Caveat(what, self._moves[-1].step.where or "the purchase"))

    def _past_of(self, moved: Moved) -> int:
        past = 0
        for number, earlier in enumerate(self._moves):
            if earlier.buyer == moved.buyer or depend(earlier, moved):
                past |= self._pasts[number] | 1 << number
        return past

    def _race(self, moved: Moved) -> None:
        """Want the other order of each race of a step with an earlier one (source sets).

        Abdulla et al., Optimal dynamic partial order reduction, POPL 2014. What is between the
        two and does not depend on the earlier one comes before it then, so any buyer that can
        begin that part may begin: one that is asleep here would not be tried.
        """
        known = self._past_of_last(moved.buyer)
        for number, earlier in enumerate(self._moves):
            if known >> number & 1 or earlier.buyer == moved.buyer or not depend(earlier, moved):
                continue
            point = self._points[number]
            explored = point.stands_for
            first = {explored.get(one, one) for one in self._first_without(number, moved)}
            if not point.enabled >= first:  # a wait was in the way: all that can go on are tried
                point.wanted |= point.enabled
            elif not first & point.wanted:
                mover = explored.get(moved.buyer, moved.buyer)
                point.wanted.add(mover if mover in first else min(first))

    def _past_of_last(self, buyer: int) -> int:
        """Return the steps that happened before a buyer's last one, and that one."""
        for number in range(len(self._moves) - 1, -1, -1):
            if self._moves[number].buyer == buyer:
                return self._pasts[number] | 1 << number
        return 0

    def _first_without(self, number: int, moved: Moved) -> set[int]:
        """Return who can begin the steps behind one that did not happen after it, and `moved`."""
        part = [
            at for at in range(number + 1, len(self._moves)) if not self._pasts[at] >> number & 1
        ]
        bits = sum(1 << at for at in part)
        first = {self._moves[at].buyer for at in part if not self._pasts[at] & bits}
        before = any(
            self._moves[at].buyer == moved.buyer or depend(self._moves[at], moved) for at in part
        )
        return first if before else first | {moved.buyer}

    def _still_asleep(self) -> dict[int, Moved]:
        """Return who sleeps behind the last step: it does not depend on theirs."""
        if self._plain or not self._moves:
            return {}
        point, last = self._points[-1], self._moves[-1]
        sleepers = {**point.asleep, **point.tried}
        return {
            buyer: moved
            for buyer, moved in sleepers.items()
            if buyer != last.buyer and not depend(moved, last)
        }

    def _answers(self) -> list[Bought]:
        """Return how each purchase of this execution ended."""
        hung = self._buyers.hung
        return [
            Bought("hung") if buyer.number in hung else buyer.bought or Bought("unknown")
            for buyer in self._buyers.buyers
        ]

    def _ensure_steps(self, answers: list[Bought]) -> None:
        """A purchase that took no step did something that was not seen."""
        moved = {move.buyer for move in self._moves}
        for number, answer in enumerate(answers):
            if number not in moved and answer.result == "sold":
                what = "it sold without a step: no interceptor covers what it does"
                raise Inconclusive(Caveat(what, f"buyer {number}"))

    def _settle(self) -> None:
        """Find what is wrong with an execution that came to its end."""
        result = self.result
        answers = self._answers()
        self._ensure_steps(answers)
        result.ends += 1
        result.outcomes[tuple(sorted(map(without_place, answers)))] += 1
        for buyer, answer in enumerate(answers):
            result.sold |= answer.result == "sold"
            if answer.error:
                result.failed.setdefault(buyer, answer.error)
            else:
                result.answered.add(buyer)
        anomalies = self._find_anomalies(answers)
        if not anomalies:
            return
        result.violating += 1
        smooth = smoothed(self._moves, self._pasts)
        found = BehaviourFinding(list(self._moves), anomalies, answers, smooth)
        if result.first_finding_s is None:
            result.first_finding_s = time.monotonic() - self._start_s
        for name, message in anomalies.items():
            result.findings.setdefault(name, message)
        if result.shortest is None or found.length < result.shortest.length:
            result.shortest = found


def _difference(known: object, now: object) -> str:
    pairs = zip(known, now, strict=False)  # type: ignore[call-overload]
    one, other = map(str, next((pair for pair in pairs if pair[0] != pair[1]), (known, now)))
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, same - SAME_SHOWN)
    shown = slice(start, start + DIFFERENCE_SHOWN)
    return f"…{one[shown]}… before, …{other[shown]}… now"
