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
from functools import partial

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


UNEQUAL = "equal buyers begin differently: by their number, or the code is not deterministic"


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
        self._transitions: dict[Hashable, Transition] = {}
        self._initial: dict[tuple[str, int], int] = {}
        with environment.open() as execution:
            self.content = execution.content
            self._first = list(execution.first)
            self.start = self.initial_states(execution)

    def transition(
        self, state: int, content: int, locks: Locks, reach: Callable[[], list[int]]
    ) -> Transition:
        """Return what a step does; `reach` returns a schedule that ends with the step."""
        key = self._key(state, content, locks, reach)
        transition = self._transitions.get(key)
        if transition is None:
            schedule = reach()
            with self.environment.open() as execution:
                self.run(execution, schedule)
            transition = self._transitions.get(key)
        if transition is None:
            what = "the same steps led to another state than before: the code is not deterministic"
            raise Inconclusive(Caveat(what, f"step {self.local_states.all[state].next}"))
        return transition

    def _key(
        self, state: int, content: int, locks: Locks, schedule: Callable[[], Sequence[int]]
    ) -> Hashable:
        """Return all that a transition depends on; `schedule` returns the one that it ends."""
        return state, content, locks

    def run(self, execution: Execution, schedule: Sequence[int]) -> None:
        """Execute a schedule from the start, and compare each transition with the known one."""
        states = self.initial_states(execution)
        for task in schedule:
            self.step(execution, states, task)

    def step(self, execution: Execution, states: list[int], task: int) -> Transition:
        """Execute one step; learn its transition, or compare it with the known one."""
        key = self._key(
            states[task], execution.content, locks_of(execution.holds, task),
            lambda: (*execution.taken, task),
        )  # fmt: skip
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
        for at, task in enumerate(schedule, 1):
            step = self.local_states.all[states[task]].next
            holds = [self.local_states.all[state].holds for state in states]
            key = self._key(
                states[task], content, locks_of(holds, task), partial(_first, schedule, at)
            )
            transition = self._transitions[key]
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

    def stays(self, state: int, execution: Execution, locks: Locks, task: int) -> bool:
        """Return whether a task that is refused stands where it stood, as it does in a lock."""
        key = self._key(state, execution.content, locks, lambda: (*execution.taken, task))
        known, step = self._transitions.get(key), self.local_states.all[state].next
        if known is None or not known.refused or known.next is None or step is None:
            return False
        return known.next[:3] == step[:3]

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
        """Execute a whole sale again, and compare every transition and the content at the end.

        Now buyers that have to wait for a lock really ask it. First all of them wait together. Then
        only the next one to have it waits, and the others come later.
        """
        if self._verify(schedule, content, all_wait=True):
            self._verify(schedule, content, all_wait=False)

    def _verify(self, schedule: Sequence[int], content: int, *, all_wait: bool) -> bool:
        """Execute a sale again; return whether any buyer waited."""
        with self.environment.open() as execution:
            states, waiting = self.initial_states(execution), Waiting(self, execution)
            for at, task in enumerate(schedule):
                if waiting.any_held():
                    waiting.ask(states, None if all_wait else self._next(states, schedule[at:]))
                self.step(execution, states, task)
            if execution.content != content:
                what = "a whole execution ended with another content than was expected"
                raise Inconclusive(Caveat(what, "end"))
        return waiting.asked

    def _next(self, states: Sequence[int], schedule: Sequence[int]) -> int:
        """Return the first task of a schedule that stands at an acquire; -1 where none does."""
        steps = {task: self.local_states.all[states[task]].next for task in set(schedule)}
        acquiring = {task for task, step in steps.items() if step and step.action == Action.ACQUIRE}
        return next((task for task in schedule if task in acquiring), -1)

    def _initial_state(self, execution: Execution, number: int) -> int:
        spec, transition = self.plan.tasks[number], execution.first[number]
        state = self.local_states.initial(spec.kind, spec.quantity, transition)
        known = self._initial.setdefault((spec.kind, spec.quantity), state)
        if known != state:
            raise Inconclusive(Caveat(UNEQUAL, "start"))
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


class UncachedTransitions(TransitionCache):
    """Learns of one order nothing for another: a transition depends on all steps before it."""

    def _key(
        self, state: int, content: int, locks: Locks, schedule: Callable[[], Sequence[int]]
    ) -> Hashable:
        return tuple(schedule())


class Waiting:
    """The buyers of one execution that wait for a held lock, each in turn asking it for real."""

    def __init__(self, cache: TransitionCache, execution: Execution) -> None:
        self._cache = cache
        self._execution = execution
        self._asked: dict[int, object] = {}  # of each that was asked, who held what then

    @property
    def asked(self) -> bool:
        """Whether any buyer waited."""
        return bool(self._asked)

    def any_held(self) -> bool:
        """Return whether any lock is held, so that a buyer may have to wait."""
        return any(self._execution.holds)

    def ask(self, states: Sequence[int], only: int | None) -> None:
        """Ask for each buyer that waits, or for one: once while the same buyers hold the locks."""
        execution = self._execution
        holds = tuple(execution.holds)
        for number, state in enumerate(states):
            step = self._cache.local_states.all[state].next
            if step is None or step.action != Action.ACQUIRE or only not in {None, number}:
                continue
            locks = locks_of(holds, number)
            if (step.resource, False) not in locks or self._asked.get(number) == holds:
                continue
            self._asked[number] = holds
            if self._cache.stays(state, execution, locks, number) and not execution.ask(number):
                what = (
                    "the lock refused this buyer while another one held it, and did not once other "
                    "buyers had waited, too: two can hold it"
                )
                raise Inconclusive(Caveat(what, f"buyer {number}, step {step}"))


def _first(schedule: Sequence[int], steps: int) -> Sequence[int]:
    return schedule[:steps]


def locks_of(holds: Sequence[tuple[str, ...]], task: int) -> Locks:
    """Return the locks that are held, and for each whether the task itself holds it."""
    return tuple(
        sorted((resource, number == task) for number, held in enumerate(holds) for resource in held)
    )


def _held(locks: Locks, resource: str) -> bool:
    return any(name == resource for name, _ in locks)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, (Step, int)) or value is None else repr(value)
