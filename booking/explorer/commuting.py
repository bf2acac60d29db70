"""Hold against what steps do that some of them commute: by their names alone, that is a guess.

One execution stands for all orders that differ only in steps on different resources. In each of
those every task must learn the same, and the same must be left. So for each task the order is
looked up in which its steps come as early as they may. Any two steps that are said to commute
come the other way round in one of these orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from booking.explorer.transition import Caveat, Inconclusive, Step, Transition
from booking.explorer.transition_cache import TransitionCache, locks_of


def ensure_commuting(
    cache: TransitionCache,
    schedule: Sequence[int],
    pasts: Sequence[int],
    learnt: Sequence[Transition],
) -> None:
    """Raise `Inconclusive` where an order that is said to be the same is another one.

    `pasts` has for each step those that have to come before it, as bits; `learnt` what it did.
    """
    for task in sorted(set(schedule)):
        order = list(_as_early(task, schedule, pasts))
        if order != list(range(len(schedule))):
            _compare(cache, [schedule[number] for number in order], order, learnt)


def _as_early(task: int, schedule: Sequence[int], pasts: Sequence[int]) -> Iterator[int]:
    """Yield the steps in an order in which those of one task come as early as they may."""
    done = 0
    own = [number for number, other in enumerate(schedule) if other == task]
    wanted = [pasts[number] | 1 << number for number in own]
    for first in (*wanted, (1 << len(schedule)) - 1):
        for number in range(len(schedule)):
            if (first & ~done) >> number & 1:
                done |= 1 << number
                yield number


def _compare(
    cache: TransitionCache,
    schedule: Sequence[int],
    order: Sequence[int],
    learnt: Sequence[Transition],
) -> None:
    states, content = list(cache.start), cache.content
    everything = cache.local_states.all
    for at, (task, number) in enumerate(zip(schedule, order, strict=True)):
        state = states[task]
        locks = locks_of([everything[other].holds for other in states], task)
        prefix = schedule[: at + 1]
        transition = cache.transition(state, content, locks, lambda prefix=prefix: list(prefix))  # type: ignore[misc]  # bound now
        if transition._replace(content=0) != learnt[number]._replace(content=0):
            raise _do_not_commute(task, everything[state].next)
        states[task] = cache.local_states.successor(state, transition)
        content = transition.content
    if cache.remaining(content) != cache.remaining(learnt[-1].content):
        raise _do_not_commute(schedule[-1], everything[states[schedule[-1]]].next)


def _do_not_commute(task: int, step: Step | None) -> Inconclusive:
    what = (
        "it does otherwise once steps under other names came before it: they share something, so "
        "one name must announce it; --method plain takes no step for independent"
    )
    return Inconclusive(Caveat(what, f"buyer {task}, step {step}" if step else "end"))
