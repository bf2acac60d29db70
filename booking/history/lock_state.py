"""Find who waits for whom, from the last steps of buyers that hang."""

from __future__ import annotations

from collections.abc import Iterable

from booking.history.actions import Action
from booking.history.model import Event, Wait


def holders(steps: Iterable[Event]) -> dict[str, int | str]:
    """Return who holds each lock at the end: acquired, and never began to release.

    An acquire is stamped when it begins, so a buyer that is served late may be stamped early.
    What counts is which buyer has not released the lock, not which one acquired it last.
    """
    held: dict[str, dict[int | str, None]] = {}
    for event in steps:
        processes = held.setdefault(event.resource or "", {})
        if event.f == Action.ACQUIRE and event.saw == 1:
            processes[event.process] = None
        elif event.f == Action.RELEASE:
            processes.pop(event.process, None)
    return {resource: next(iter(processes)) for resource, processes in held.items() if processes}


def waits(hung: Iterable[int], last_steps: dict[int, Event], steps: Iterable[Event]) -> list[Wait]:
    """Return each hung buyer's last step, and who holds the lock it waits for."""
    held = holders(steps)
    hanging: list[Wait] = []
    for number in hung:
        last = last_steps.get(number)
        resource = last.resource or "" if last else ""
        waiting = last is not None and last.f == Action.ACQUIRE and last.saw is None
        holder = held.get(resource) if waiting else None
        hanging.append(Wait(number, last.f if last else None, resource or None, holder))
    return hanging
