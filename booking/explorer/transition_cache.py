"""What each step does: learnt once by real execution, then looked up.

Code that sells is deterministic, so a buyer's next step depends only on what the buyer has
observed so far. What the step does to the shared content depends only on that, on the content
and on the locks. So (observations, content, locks held) determine the transition, and one real
execution of each such case is enough.

The argument fails where code is not deterministic, or shares what the explorer does not see.
Therefore whole sales are executed again, and every transition is compared with the one that was
learnt. A difference makes the result unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from booking.explorer.execution import Execution, ExecutionEnvironment
from booking.explorer.history_builder import HistoryBuilder
from booking.explorer.model import CLERK, Plan
from booking.explorer.result import End
from booking.explorer.transition import (
    Caveat,
    Ending,
    Inconclusive,
    Step,
    Transition,
    ended_as,
    free_lock_refused,
)
from booking.history.actions import Action
from booking.history.model import History

Locks = tuple[tuple[str, bool], ...]  # each lock that is held, and whether by this task itself


@dataclass(frozen=True, slots=True)
class LocalState:
    """The state of one task: all that its future depends on, with a number."""

    number: int
    kind: str
    quantity: int
    next: Step | None
    holds: tuple[str, ...]
    endings: tuple[Ending, ...]  # of its operations; all that is kept of a finished task


class LocalStates:
    """Every local state that was reached, by number."""

    def __init__(self) -> None:
        self.all: list[LocalState] = []
        self._numbers: dict[Hashable, int] = {}
        self._successors: dict[tuple[int, Transition], int] = {}

    def initial(self, kind: str, quantity: int, transition: Transition) -> int:
        """Return the state of a task that came to its first step."""
        return self._number(("initial", kind, transition[:4]), kind, quantity, (), transition)

    def successor(self, state: int, transition: Transition) -> int:
        """Return the state that a transition leads to."""
        number = self._successors.get((state, transition))
        if number is None:
            before = self.all[state]
            key = (
                "successor", state, transition.observed, transition.next, transition.completed,
                transition.holds,
            )  # fmt: skip
            number = self._number(key, before.kind, before.quantity, before.endings, transition)
            self._successors[state, transition] = number
        return number

    def _number(
        self,
        key: Hashable,
        kind: str,
        quantity: int,
        before: tuple[Ending, ...],
        transition: Transition,
    ) -> int:
        endings = before + tuple(
            (operation.f, operation.type, operation.error) for operation in transition.completed
        )
        if transition.next is None:
            # A finished task keeps only its endings: what it observed no longer matters.
            key = ("finished", kind, endings, transition.holds)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.all)
            self.all.append(
                LocalState(number, kind, quantity, transition.next, transition.holds, endings)
            )
        return number


class TransitionCache:
    """Learns transitions by execution, and verifies them by executing whole sales again."""

    def __init__(self, environment: ExecutionEnvironment) -> None:
        self.environment = environment
        self.local_states = LocalStates()
        self.plan: Plan = environment.plan
        self._transitions: dict[tuple[int, int, Locks], Transition] = {}
        self._initial: dict[tuple[str, int], int] = {}
        with environment.open() as execution:
            self.content = execution.content
            self._first = list(execution.first)
            self.start = self.initial_states(execution)

    def transition(
        self, state: int, content: int, locks: Locks, reach: Callable[[], list[int]]
    ) -> Transition:
        """Return what a step does; `reach` returns a schedule that ends with the step."""
        transition = self._transitions.get((state, content, locks))
        if transition is None:
            schedule = reach()
            with self.environment.open() as execution:
                self.run(execution, schedule)
            transition = self._transitions[state, content, locks]
        return transition

    def run(self, execution: Execution, schedule: Sequence[int]) -> None:
        """Execute a schedule from the start, and compare each transition with the known one."""
        states = self.initial_states(execution)
        for task in schedule:
            self.step(execution, states, task)

    def step(self, execution: Execution, states: list[int], task: int) -> Transition:
        """Execute one step; learn its transition, or compare it with the known one."""
        key = (states[task], execution.content, locks_of(execution.holds, task))
        transition = execution.advance(task)
        known = self._transitions.setdefault(key, transition)
        if known != transition:
            self._differs(states[task], task, known, transition)
        states[task] = self.local_states.successor(states[task], transition)
        return transition

    def initial_states(self, execution: Execution) -> list[int]:
        """Return the local state of each task at its first step."""
        return [self._initial_state(execution, number) for number in range(len(execution.tasks))]

    def history(self, schedule: Sequence[int]) -> History:
        """Return the history of a schedule of known transitions, without executing it."""
        builder = HistoryBuilder.of(self.plan)
        states, content = list(self.start), self.content
        for number, transition in enumerate(self._first):
            builder.start(number, transition)
        for task in schedule:
            step = self.local_states.all[states[task]].next
            holds = [self.local_states.all[state].holds for state in states]
            transition = self._transitions[states[task], content, locks_of(holds, task)]
            if step is not None:
                builder.step(task, step, transition)
            states[task] = self.local_states.successor(states[task], transition)
            content = transition.content
        return builder.history(self.remaining(content), self.waiting(states))

    def enabled(self, state: int, transition: Transition, locks: Locks) -> bool:
        """Return whether a task can take its next step: a refused one waits, or may time out."""
        if not transition.refused:
            return True
        local = self.local_states.all[state]
        step = local.next
        if step is not None and step.action == Action.ACQUIRE and not _held(locks, step.resource):
            raise Inconclusive(free_lock_refused(step.resource))
        return self.plan.timeouts and local.kind != CLERK

    def waiting(self, states: Sequence[int]) -> list[int]:
        """Return the buyers that have not finished; a clerk rightly waits for more orders."""
        local_states = [self.local_states.all[state] for state in states]
        return [
            number
            for number, local in enumerate(local_states)
            if local.next is not None and local.kind != CLERK
        ]

    def remaining(self, content: int) -> int | None:
        """Return the count that a content stands for; None where it cannot be read."""
        return self.environment.contents.counts[content]

    def end(self, content: int, states: Sequence[int]) -> End:
        """Return what is left at the end of a sale, and how many tasks ended how."""
        local_states = [self.local_states.all[state] for state in states]
        endings = Counter(
            ended_as(local.endings, waits=local.next is not None) for local in local_states
        )
        return self.remaining(content), tuple(sorted(endings.items()))

    def verify(self, schedule: Sequence[int], content: int) -> None:
        """Execute a whole sale again, and compare every transition and the content at the end."""
        with self.environment.open() as execution:
            self.run(execution, schedule)
            if execution.content != content:
                what = "a whole execution ended with another content than was expected"
                raise Inconclusive(Caveat(what, "end"))

    def _initial_state(self, execution: Execution, number: int) -> int:
        spec, transition = self.plan.tasks[number], execution.first[number]
        state = self.local_states.initial(spec.kind, spec.quantity, transition)
        known = self._initial.setdefault((spec.kind, spec.quantity), state)
        if known != state:
            raise Inconclusive(
                Caveat("equal buyers begin differently: the code is not deterministic", "start")
            )
        return state

    def _differs(self, state: int, task: int, known: Transition, transition: Transition) -> None:
        pairs = zip(Transition._fields, known, transition, strict=True)
        differences = ", ".join(
            f"{name} {_shown(before)}, then {_shown(after)}"
            for name, before, after in pairs
            if before != after
        )
        raise Inconclusive(
            Caveat(
                "the same step in the same state did two different things "
                f"({differences}): the code is not deterministic, or shares what is not announced",
                f"buyer {task}, step {self.local_states.all[state].next}",
            )
        )


def locks_of(holds: Sequence[tuple[str, ...]], task: int) -> Locks:
    """Return the locks that are held, and for each whether the task itself holds it."""
    return tuple(
        sorted((resource, number == task) for number, held in enumerate(holds) for resource in held)
    )


def _held(locks: Locks, resource: str) -> bool:
    return any(name == resource for name, _ in locks)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, (Step, int)) or value is None else repr(value)
