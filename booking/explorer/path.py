"""One execution with named tasks: taken step by step, recorded as a history, checked as it goes."""

from __future__ import annotations

from collections.abc import Iterable

from booking.core.verdict import AnomalyName
from booking.explorer.execution import Execution
from booking.explorer.history_builder import HistoryBuilder
from booking.explorer.incremental_check import CounterState, Unordered, updated
from booking.explorer.result import End
from booking.explorer.transition import Step, Transition
from booking.explorer.transition_cache import TransitionCache, locks_of
from booking.history.actions import WAITS
from booking.history.model import History
from booking.schedulers.scheduler import Scheduler

STEPS_MAX = 10_000  # of one execution: a purchase takes a few, so this many never end


class ExecutionPath:
    """An execution, the local state of each task in it, and what is certain of it by now."""

    def __init__(self, cache: TransitionCache, execution: Execution) -> None:
        self.cache = cache
        self.execution = execution
        self.schedule: list[int] = []
        self.states = cache.initial_states(execution)
        self.certain: tuple[AnomalyName, int] | None = None  # the first, after how many steps
        self.waited = False  # whether a buyer ever had to wait for a lock
        self._counter = CounterState()
        self._watermarks = [0] * len(self.states)
        self._builder = HistoryBuilder.of(cache.plan)
        for number, transition in enumerate(execution.first):
            self._builder.start(number, transition)

    def next(self, task: int) -> Step | None:
        """Return a task's next step; None: it has finished."""
        return self.cache.local_states.all[self.states[task]].next

    def enabled(self) -> list[int]:
        """Return the tasks that can take a step: all but those that wait for a held lock."""
        return [number for number in range(len(self.states)) if self._enabled(number)]

    def take(self, task: int) -> Transition:
        """Take one task's next step."""
        step = self.next(task)
        assert step is not None
        transition = self.cache.step(self.execution, self.states, task)
        self.schedule.append(task)
        self._builder.step(task, step, transition)
        if step.begins:
            self._watermarks[task] = self._counter.watermark
        self._check(task, transition)
        return transition

    def run(self, scheduler: Scheduler) -> None:
        """Take the steps that a scheduler chooses, until it stops or no task is enabled."""
        for _ in range(STEPS_MAX):
            enabled = self.enabled()
            chosen = scheduler.choose(enabled) if enabled else None
            if chosen is None:
                return
            self.take(chosen)

    def follow(self, schedule: Iterable[int]) -> None:
        """Take the steps of a schedule that are enabled, until an anomaly is certain."""
        for task in schedule:
            if self.certain is not None:
                return
            if self._enabled(task):
                self.take(task)

    def history(self) -> History:
        """Return the history up to now."""
        waiting = self.cache.waiting(self.states)
        return self._builder.history(self.cache.remaining(self.execution.content), waiting)

    def end(self) -> End:
        """Return what is left, and how many tasks ended how."""
        return self.cache.end(self.execution.content, self.states)

    def _check(self, task: int, transition: Transition) -> None:
        plan = self.cache.plan
        if plan.numbers != "before":
            return  # the numbers give no order, so nothing is certain before the end
        for operation in transition.completed:
            try:
                after = updated(self._counter, operation, self._watermarks[task], plan.tickets)
            except Unordered:
                return
            new = after.anomalies - self._counter.anomalies
            if new and self.certain is None:
                self.certain = (min(new), len(self.schedule))
            self._counter = after
            self._watermarks[task] = after.watermark

    def _enabled(self, task: int) -> bool:
        step = self.next(task)
        if step is None:
            return False
        if step.action not in WAITS:
            return True
        state, locks = self.states[task], locks_of(self.execution.holds, task)
        transition = self.cache.transition(
            state, self.execution.content, locks, lambda: [*self.schedule, task]
        )
        self.waited = self.waited or transition.refused
        return self.cache.enabled(state, transition, locks)
