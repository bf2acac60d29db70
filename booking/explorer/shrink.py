"""Shorten a schedule that breaks a sale, by leaving out steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from booking.core.verdict import AnomalyName
from booking.explorer.path import ExecutionPath
from booking.explorer.transition_cache import TransitionCache

ROUNDS_MAX = 50


def shrunk(cache: TransitionCache, schedule: Sequence[int], name: AnomalyName) -> list[int]:
    """Return the shortest schedule found by leaving out that still makes `name` certain.

    First the steps behind the one that makes it certain go. Then whole tasks are left out, then
    a task's last steps, then single steps, until nothing can be left out any more. Every
    candidate is executed. An anomaly that shows only at the end of a sale stays as it is.
    """
    best = _violating(cache, schedule, name)
    if best is None:
        return list(schedule)
    for _ in range(ROUNDS_MAX):
        shorter = _shorter(cache, best, name)
        if shorter is None:
            break
        best = shorter
    return best


def _shorter(cache: TransitionCache, schedule: list[int], name: AnomalyName) -> list[int] | None:
    for candidate in _candidates(schedule):
        violating = _violating(cache, candidate, name)
        if violating is not None and len(violating) < len(schedule):
            return violating
    return None


def _candidates(schedule: Sequence[int]) -> Iterator[list[int]]:
    tasks = sorted(set(schedule))
    for task in tasks:
        yield [number for number in schedule if number != task]
    for task in tasks:
        steps = [at for at, number in enumerate(schedule) if number == task]
        for kept in range(1, len(steps)):
            gone = set(steps[kept:])
            yield [number for at, number in enumerate(schedule) if at not in gone]
    for gone_at in range(len(schedule)):
        yield [number for at, number in enumerate(schedule) if at != gone_at]


def _violating(
    cache: TransitionCache, schedule: Sequence[int], name: AnomalyName
) -> list[int] | None:
    """Execute a schedule; return the part that makes `name` certain, None where none does."""
    with cache.environment.open() as execution:
        path = ExecutionPath(cache, execution)
        path.follow(schedule)
        return path.schedule if path.certain is not None and path.certain[0] is name else None
