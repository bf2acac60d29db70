"""What each step does, learnt once by real execution and then looked up.

The argument: code that sells is deterministic, so what a buyer does next depends only on what
it has learnt so far; and what its step does to the shared content, only on that and on the
content and the locks. So (what the buyer learnt, content, locks held) tells the effect, and
one real execution of each such case is enough. The argument fails where code is not
deterministic or shares what the explorer does not see. Therefore whole sales are executed
again, and every effect is compared with what was learnt: a difference makes it unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from booking.explorer.execution import Execution, ExecutionEnvironment
from booking.explorer.history_builder import HistoryBuilder
from booking.explorer.model import CLERK, Plan
from booking.explorer.transition import Caveat, Inconclusive, Step, Transition
from booking.history.model import History

Locks = tuple[tuple[str, bool], ...]  # each lock that is held, and whether by this buyer itself


@dataclass(frozen=True, slots=True)
class LocalState:
    """Where a buyer stands: all that its future depends on, by number."""

    number: int
    kind: str
    quantity: int
    next: Step | None
    holds: tuple[str, ...]
    outcome: tuple[
        tuple[str, str, str | None], ...
    ]  # of each operation; all that is kept at the end


class LocalStates:
    """Every place that a buyer was met at."""

    def __init__(self) -> None:
        self.all: list[LocalState] = []
        self._numbers: dict[Hashable, int] = {}
        self._after: dict[tuple[int, Transition], int] = {}

    def born(self, kind: str, quantity: int, effect: Transition) -> int:
        """Give the place of a buyer that came to its first step."""
        return self._number(("born", kind, effect[:4]), kind, quantity, (), effect)

    def after(self, stand: int, effect: Transition) -> int:
        """Give the place a buyer comes to by an effect."""
        number = self._after.get((stand, effect))
        if number is None:
            was = self.all[stand]
            key = ("after", stand, effect.seen, effect.next, effect.done, effect.holds)
            number = self._number(key, was.kind, was.quantity, was.outcome, effect)
            self._after[stand, effect] = number
        return number

    def _number(
        self,
        key: Hashable,
        kind: str,
        quantity: int,
        before: tuple[tuple[str, str, str | None], ...],
        effect: Transition,
    ) -> int:
        outcome = before + tuple((one.f, one.type, one.error) for one in effect.done)
        if effect.next is None:
            # Who has finished keeps only the outcome: what it saw no longer matters to anybody.
            key = ("done", kind, outcome, effect.holds)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.all)
            self.all.append(LocalState(number, kind, quantity, effect.next, effect.holds, outcome))
        return number


class TransitionCache:
    """Learns effects by executing them, and executes again to be sure of them."""

    def __init__(self, theatre: ExecutionEnvironment) -> None:
        self.theatre = theatre
        self.stands = LocalStates()
        self.plan: Plan = theatre.plan
        self._effects: dict[tuple[int, int, Locks], Transition] = {}
        self._born: dict[tuple[str, int], int] = {}
        with theatre.open() as world:
            self.content = world.content
            self._births = list(world.first)
            self.start = [self._arrive(world, number) for number in range(len(world.actors))]

    def effect(
        self, stand: int, content: int, locks: Locks, reach: Callable[[], list[int]]
    ) -> Transition:
        """Give what a step does; `reach` gives a schedule which ends with it."""
        effect = self._effects.get((stand, content, locks))
        if effect is None:
            schedule = reach()
            with self.theatre.open() as world:
                self.run(world, schedule)
            effect = self._effects[stand, content, locks]
        return effect

    def run(self, world: Execution, schedule: Sequence[int]) -> list[int]:
        """Execute a schedule from the start, hold each effect against what is known of it."""
        stands = [self._arrive(world, number) for number in range(len(world.actors))]
        for buyer in schedule:
            self.step(world, stands, buyer)
        return stands

    def step(self, world: Execution, stands: list[int], buyer: int) -> Transition:
        """Execute one step; learn what it does, or see that it does what it did before."""
        key = (stands[buyer], world.content, locks_of(world.holds, buyer))
        effect = world.advance(buyer)
        known = self._effects.setdefault(key, effect)
        if known != effect:
            self._differs(stands[buyer], buyer, known, effect)
        stands[buyer] = self.stands.after(stands[buyer], effect)
        return effect

    def told(self, schedule: Sequence[int]) -> History:
        """Tell a schedule whose every effect is known as a history, executing nothing."""
        teller = HistoryBuilder.of(self.plan)
        stands, content = list(self.start), self.content
        for number, effect in enumerate(self._births):
            teller.born(number, effect)
        for buyer in schedule:
            stand = self.stands.all[stands[buyer]]
            holds = [self.stands.all[one].holds for one in stands]
            effect = self._effects[stands[buyer], content, locks_of(holds, buyer)]
            if stand.next is not None:
                teller.told(buyer, stand.next, effect)
            stands[buyer] = self.stands.after(stands[buyer], effect)
            content = effect.content
        return teller.history(self.remaining(content), self.waiting(stands))

    def waiting(self, stands: Sequence[int]) -> list[int]:
        """Give the buyers who are not done; a clerk who waits for more orders does as he should."""
        found = enumerate(self.stands.all[stand] for stand in stands)
        return [number for number, one in found if one.next is not None and one.kind != CLERK]

    def remaining(self, content: int) -> int | None:
        """Give the count that a content stands for; None where it can't be read."""
        return self.theatre.contents.counts[content]

    def rehearse(self, schedule: Sequence[int], content: int) -> None:
        """Execute a whole sale, and see that all goes as it was learnt."""
        with self.theatre.open() as world:
            self.run(world, schedule)
            if world.content != content:
                what = "a whole execution ended with another content than was expected"
                raise Inconclusive(Caveat(what, "end"))

    def _arrive(self, world: Execution, number: int) -> int:
        party, effect = self.plan.parties[number], world.first[number]
        stand = self.stands.born(party.kind, party.quantity, effect)
        known = self._born.setdefault((party.kind, party.quantity), stand)
        if known != stand:
            raise Inconclusive(
                Caveat("equal buyers begin differently: the code is not deterministic", "start")
            )
        return stand

    def _differs(self, stand: int, buyer: int, known: Transition, effect: Transition) -> None:
        names = [
            name for name in Transition._fields if getattr(known, name) != getattr(effect, name)
        ]
        told = ", ".join(
            f"{name} {_shown(getattr(known, name))}, then {_shown(getattr(effect, name))}"
            for name in names
        )
        raise Inconclusive(
            Caveat(
                "the same step in the same state did two different things "
                f"({told}): the code is not deterministic, or shares what is not announced",
                f"buyer {buyer}, step {self.stands.all[stand].next}",
            )
        )


def locks_of(holds: Sequence[tuple[str, ...]], buyer: int) -> Locks:
    """Give the locks that are held, as one buyer sees them: by itself, or by somebody else."""
    return tuple(
        sorted(
            (resource, number == buyer) for number, held in enumerate(holds) for resource in held
        )
    )


def _shown(value: object) -> str:
    return str(value) if isinstance(value, (Step, int)) or value is None else repr(value)
