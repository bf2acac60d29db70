"""One execution with named buyers: taken step by step, told as a history, tallied."""

from __future__ import annotations

from booking.core.verdict import AnomalyName
from booking.explorer.execution import Execution
from booking.explorer.history_builder import HistoryBuilder
from booking.explorer.incremental_check import CounterState, Unordered, counted
from booking.explorer.model import CLERK
from booking.explorer.result import End
from booking.explorer.transition import (
    Inconclusive,
    Step,
    Transition,
    ended_how,
    refusal,
)
from booking.explorer.transition_cache import TransitionCache, locks_of
from booking.history.actions import Action
from booking.history.model import History


class ExecutionPath:
    """A world, where everybody stands in it, and what is certain of it by now."""

    def __init__(self, lab: TransitionCache, world: Execution) -> None:
        self.lab = lab
        self.world = world
        self.schedule: list[int] = []
        self.stands = lab.run(world, [])
        self.certain: tuple[AnomalyName, int] | None = None  # the first, after how many steps
        self._tally = CounterState()
        self._floors = [0] * len(self.stands)
        plan = lab.plan
        self._teller = HistoryBuilder.of(plan)
        for number, effect in enumerate(world.first):
            self._teller.born(number, effect)

    def next(self, buyer: int) -> Step | None:
        """Give the step at which a buyer stands; None: it has finished."""
        return self.lab.stands.all[self.stands[buyer]].next

    def enabled(self) -> list[int]:
        """Give who can go on: everybody but those who wait for a lock that is held."""
        return [number for number in range(len(self.stands)) if self._can(number)]

    def take(self, buyer: int) -> Transition:
        """Let one buyer through its step."""
        step = self.next(buyer)
        assert step is not None
        effect = self.lab.step(self.world, self.stands, buyer)
        self.schedule.append(buyer)
        self._teller.told(buyer, step, effect)
        if step.begins:
            self._floors[buyer] = self._tally.floor
        self._count(buyer, effect)
        return effect

    def history(self) -> History:
        """Tell it as a history, as it stands now."""
        waiting = self.lab.waiting(self.stands)
        return self._teller.history(self.lab.remaining(self.world.content), waiting)

    def end(self) -> End:
        """Say how everybody ended."""
        ended: dict[str, int] = {}
        for stand in self.stands:
            one = self.lab.stands.all[stand]
            how = ended_how(one.outcome, waits=one.next is not None)
            ended[how] = ended.get(how, 0) + 1
        return self.lab.remaining(self.world.content), tuple(sorted(ended.items()))

    def _count(self, buyer: int, effect: Transition) -> None:
        if self.lab.plan.numbers != "before":
            return  # nothing is certain of it before the end
        for done in effect.done:
            try:
                after = counted(self._tally, done, self._floors[buyer], self.lab.plan.tickets)
            except Unordered:
                return
            new = after.found - self._tally.found
            if new and self.certain is None:
                self.certain = (min(new), len(self.schedule))
            self._tally = after
            self._floors[buyer] = after.floor

    def _can(self, buyer: int) -> bool:
        step = self.next(buyer)
        if step is None:
            return False
        if step.action not in {Action.ACQUIRE, Action.RECEIVE}:
            return True
        locks = locks_of(self.world.holds, buyer)
        effect = self.lab.effect(
            self.stands[buyer], self.world.content, locks, lambda: [*self.schedule, buyer]
        )
        if not effect.refused:
            return True
        if step.action == Action.ACQUIRE and not any(name == step.resource for name, _ in locks):
            raise Inconclusive(refusal(step.resource))
        return self.lab.plan.timeouts and self.lab.stands.all[self.stands[buyer]].kind != CLERK
