"""Make a schedule that breaks a sale as short as it gets, by leaving steps out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from booking.core.verdict import AnomalyName
from booking.explorer.path import ExecutionPath
from booking.explorer.transition_cache import TransitionCache

ROUNDS_MAX = 50


def shrunk(lab: TransitionCache, schedule: Sequence[int], name: AnomalyName) -> list[int]:
    """Give the shortest schedule found by leaving out that still makes `name` certain.

    First everything behind the step that makes it certain goes, then whole buyers, then a
    buyer's last steps, then single ones, until nothing can be left out any more. Every
    candidate is executed. An anomaly that shows only at the end of a sale stays as it is.
    """
    best = _broken(lab, schedule, name)
    if best is None:
        return list(schedule)
    for _ in range(ROUNDS_MAX):
        shorter = next(
            (
                found
                for candidate in _shorter(best)
                if (found := _broken(lab, candidate, name)) and len(found) < len(best)
            ),
            None,
        )
        if shorter is None:
            break
        best = shorter
    return best


def _shorter(schedule: Sequence[int]) -> Iterator[list[int]]:
    buyers = sorted(set(schedule))
    for buyer in buyers:
        yield [one for one in schedule if one != buyer]
    for buyer in buyers:
        mine = [at for at, one in enumerate(schedule) if one == buyer]
        for cut in range(1, len(mine)):
            gone = set(mine[cut:])
            yield [one for at, one in enumerate(schedule) if at not in gone]
    for gone_at in range(len(schedule)):
        yield [one for at, one in enumerate(schedule) if at != gone_at]


def _broken(lab: TransitionCache, schedule: Sequence[int], name: AnomalyName) -> list[int] | None:
    """Execute a schedule, passing over who can't go on; give the part that makes it certain."""
    with lab.theatre.open() as world:
        course = ExecutionPath(lab, world)
        for buyer in schedule:
            if buyer in course.enabled():
                course.take(buyer)
                if course.certain is not None and course.certain[0] is name:
                    return list(course.schedule)
    return None
