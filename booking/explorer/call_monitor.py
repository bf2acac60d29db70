"""Monitor the calls of a store and of a lock: each call must announce a step.

What a call returns is part of what its buyer knows, whether the code told it with `saw` or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from booking.core.protocols import Lock, Store
from booking.errors import BookingError
from booking.explorer.audit_monitor import place_of
from booking.explorer.task import CooperativeScheduler
from booking.explorer.transition import Caveat

# Methods that set up and clear away, state facts, or belong to the explorer.
_QUIET = frozenset({"reset", "close", "sweep", "snapshot", "prepare"})


class CallMonitor:
    """Compares calls with the steps that are announced during them."""

    def __init__(
        self, driver: CooperativeScheduler, caveats: list[Caveat], *, patient: bool = False
    ) -> None:
        self._driver = driver
        self._caveats = caveats
        self._patient = patient
        self._silent = False  # whether the last call announced no step

    def waits(self) -> bool:
        """Return whether a buyer whose acquire was refused asks again, as a waiting one would."""
        task = self._driver.current
        stands = task is not None and not task.cancelled and not self._silent
        return self._patient and stands

    def call(self, owner: object, name: str, method: Callable[..., Any], *args: Any) -> Any:
        """Call a method; remember what it returned, and whether it announced a step."""
        task = self._driver.current
        if task is None or task.cancelled:
            return method(*args)
        before = task.steps
        try:
            result = method(*args)
        except BookingError as error:
            task.observe((name, type(error).__name__))
            raise
        self._silent = task.steps == before
        if self._silent:
            self._caveats.append(
                Caveat(
                    f"{type(owner).__name__}.{name} has an effect on something shared, "
                    f'and announces none: call step("{name}", resource) first',
                    place_of(method),
                )
            )
        if result is None or isinstance(result, (int, str, tuple)):
            task.observe((name, result))
        return result


class MonitoredStore:
    """A store of which every call is monitored."""

    def __init__(self, store: Store, monitor: CallMonitor) -> None:
        self._store = store
        self._monitor = monitor

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)
        if name.startswith("_") or name in _QUIET or not callable(attribute):
            return attribute

        def call(*args: Any) -> Any:
            return self._monitor.call(self._store, name, attribute, *args)

        return call


class MonitoredLock:
    """A lock of which every call is monitored; all copies of it share one monitor."""

    def __init__(self, lock: Lock, monitor: CallMonitor) -> None:
        self._lock = lock
        self._calls = monitor

    def acquire(self, timeout_s: float) -> bool:
        """Ask the lock; a buyer that waits asks again, each time the explorer resumes it."""
        acquired: bool = self._call("acquire", self._lock.acquire, timeout_s)
        while not acquired and self._calls.waits():
            acquired = self._call("acquire", self._lock.acquire, timeout_s)
        return acquired

    def release(self) -> None:
        """Release the lock."""
        self._call("release", self._lock.release)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._lock, name)

    def _call(self, name: str, method: Callable[..., Any], *args: Any) -> Any:
        return self._calls.call(self._lock, name, method, *args)
