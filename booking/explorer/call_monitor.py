"""Monitor the calls of a store and of a lock: each call must announce a step.

What a call returns is part of what its buyer knows, whether the code told it with `saw` or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from booking.core.capabilities import EFFECTIVE
from booking.core.protocols import Lock, Store
from booking.errors import BookingError
from booking.explorer.code_lines import place_of
from booking.explorer.task import CooperativeScheduler
from booking.explorer.transition import Caveat

# Methods that set up and clear away, state facts, or belong to the explorer.
_QUIET = frozenset(
    {"reset", "close", "sweep", "snapshot", "prepare", "connect", "answers", "reserved"}
)
# The effects of a store and a lock, by their protocols. Any other method is a helper's.
_EFFECTS = frozenset(
    name
    for protocol in (Store, Lock, *EFFECTIVE)
    for name in vars(protocol)
    if not name.startswith("_") and name not in _QUIET
)


_PLAIN = (int, float, str, bytes, type(None))


class CallMonitor:
    """Compares calls with the steps that are announced during them."""

    def __init__(
        self, driver: CooperativeScheduler, caveats: list[Caveat], *, patient: bool = False
    ) -> None:
        self._driver = driver
        self._caveats = caveats
        self._patient = patient
        self._silent = False  # whether the last call announced no step
        self._answers: dict[tuple[str, ...], str] = {}  # of helpers that announce no step

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
        if self._silent and (what := self._doubt(owner, name, args, result)):
            self._caveats.append(Caveat(what, place_of(method)))
        if result is None or isinstance(result, (int, str, tuple)):
            task.observe((name, result))
        return result

    def _doubt(self, owner: object, name: str, args: tuple[Any, ...], result: object) -> str | None:
        """Return what is wrong with a call that announced no step; None for a harmless helper.

        A helper of the user's own is no effect by its name. One that answers the same question
        differently reads something that changes: a step would have to come before that. What it
        writes is found otherwise, in the content and by the systems beneath.
        """
        method = f"{type(owner).__name__}.{name}"
        if name in _EFFECTS:
            return (
                f"{method} returned, and announced no step: call "
                f'step("{name}", resource) right before its effect on what buyers share'
            )
        if not (_is_data(result) and all(map(_is_data, args))):
            return None
        own = {key: value for key, value in vars(owner).items() if _is_data(value)}
        asked, told = (method, repr(args), repr(own)), repr(result)
        if self._answers.setdefault(asked, told) == told:
            return None
        return (
            f"{method}({', '.join(map(repr, args))}) answered {self._answers[asked]} once and "
            f"{told} later, and announced no step: what it reads is shared, or left to chance; "
            f'call step("read", resource) right before'
        )


def _is_data(value: object) -> bool:
    """Return whether a value is data, of which equal ones look alike."""
    if isinstance(value, dict):
        return all(isinstance(item, _PLAIN) for pair in value.items() for item in pair)
    if isinstance(value, (tuple, list)):
        return all(isinstance(item, _PLAIN) for item in value)
    return isinstance(value, _PLAIN)


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
