"""A store and a lock that are listened to: each call must announce a step.

What a call gives is part of what its buyer knows, whether the code told it with `saw` or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from booking.core.protocols import Lock, Store
from booking.errors import BookingError
from booking.explorer.audit_monitor import place_of
from booking.explorer.task import CooperativeScheduler
from booking.explorer.transition import Caveat

# Methods that set up and clear away, tell facts, or belong to the explorer.
_QUIET = frozenset({"reset", "close", "sweep", "snapshot", "prepare"})


class CallMonitor:
    """Compares calls with the steps that are announced while they last."""

    def __init__(self, stage: CooperativeScheduler, doubts: list[Caveat]) -> None:
        self.stage = stage
        self._doubts = doubts

    def call(self, owner: object, name: str, method: Callable[..., Any], *args: Any) -> Any:
        """Call a method; remember what it gave, and whether it announced anything."""
        actor = self.stage.current
        if actor is None or actor.dismissed:
            return method(*args)
        before = actor.steps
        try:
            given = method(*args)
        except BookingError as error:
            actor.learn((name, type(error).__name__))
            raise
        if actor.steps == before:
            self._doubts.append(
                Caveat(
                    f"{type(owner).__name__}.{name} has an effect on something shared, "
                    f'and announces none: call step("{name}", resource) first',
                    place_of(method),
                )
            )
        if given is None or isinstance(given, (int, str, tuple)):
            actor.learn((name, given))
        return given


class MonitoredStore:
    """A store of which every call is listened to."""

    def __init__(self, store: Store, listener: CallMonitor) -> None:
        self._store = store
        self._listener = listener

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name.startswith("_") or name in _QUIET or not callable(found):
            return found

        def call(*args: Any) -> Any:
            return self._listener.call(self._store, name, found, *args)

        return call


class MonitoredLock:
    """A lock of which every call is listened to, by whoever listens in this process."""

    listener: ClassVar[CallMonitor | None] = None

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock, if it is free: the explorer knows when to ask."""
        had: bool = self._call("acquire", self._lock.acquire, timeout_s)
        return had

    def release(self) -> None:
        """Give it back."""
        self._call("release", self._lock.release)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._lock, name)

    def _call(self, name: str, method: Callable[..., Any], *args: Any) -> Any:
        if self.listener is None:
            return method(*args)
        return self.listener.call(self._lock, name, method, *args)
