"""Who waits for whom: read from the last steps of buyers that go on no more."""

from __future__ import annotations

from collections.abc import Iterable

from booking.history.actions import Action
from booking.history.model import Event, Wait


def holders(steps: Iterable[Event]) -> dict[str, int | str]:
    """Return who holds each lock at the end: acquired, and never began to release.

    An acquire is stamped when it begins, so who is served late comes early: what counts is
    who has not released what it had, not who acquired last.
    """
    held: dict[str, dict[int | str, None]] = {}
    for event in steps:
        those = held.setdefault(event.resource or "", {})
        if event.f == Action.ACQUIRE and event.saw == 1:
            those[event.process] = None
        elif event.f == Action.RELEASE:
            those.pop(event.process, None)
    return {resource: next(iter(those)) for resource, those in held.items() if those}


def waits(hung: Iterable[int], last_steps: dict[int, Event], steps: Iterable[Event]) -> list[Wait]:
    """Return each hung buyer's last step, and who holds the lock it waits for."""
    held = holders(steps)
    found: list[Wait] = []
    for number in hung:
        last = last_steps.get(number)
        resource = last.resource or "" if last else ""
        waiting = last is not None and last.f == Action.ACQUIRE and last.saw is None
        holder = held.get(resource) if waiting else None
        found.append(Wait(number, last.f if last else None, resource or None, holder))
    return found
