"""Locks of `multiprocessing`, made before the buyers are forked: each call is a step.

Locks of `threading` need none: each buyer has its own copy, as each worker has.
"""

from __future__ import annotations

from typing import Any

from booking.instrument.files.bindings import Bindings
from booking.instrument.files.session import Files, ensure_not_dismissed
from booking.instrument.seam import Touch

RECURSIVE = 0  # of `multiprocessing.synchronize`: an RLock


class _Held(Exception):  # noqa: N818 - a refusal, no error
    """Another process has it."""


def install(files: Files, patches: Bindings) -> None:
    """Replace what all locks of `multiprocessing` are made of."""
    try:
        from multiprocessing import synchronize
    except ImportError:  # a system without semaphores
        return
    kind: Any = synchronize.SemLock
    make = kind._make_methods
    count = 0

    def make_methods(self: Any) -> None:
        nonlocal count
        make(self)
        count += 1
        stepped = _Stepped(files, self, f"{type(self).__name__} {count}")
        self.acquire, self.release = stepped.acquire, stepped.release

    patches.replace(kind, "_make_methods", make_methods)
    patches.replace(kind, "__enter__", lambda self: self.acquire())
    patches.replace(kind, "__exit__", lambda self, *_: self.release())
    value: Any = synchronize.Semaphore
    patches.replace(value, "get_value", _get_value(files, value.get_value))


def _get_value(files: Files, real: Any) -> Any:
    def get_value(self: Any) -> Any:
        if not files.seam.active:
            return real(self)
        name = self.acquire.__self__.name
        found = files.step(
            "read", f"value of {name}", lambda: [Touch(f"lock {name}", writes=False)],
            lambda: real(self),
        )  # fmt: skip
        files.seam.learn(found)
        return found

    return get_value


class _Stepped:
    """One lock, whose `acquire` and `release` are steps."""

    def __init__(self, files: Files, lock: Any, name: str) -> None:
        self.name = name
        self._files = files
        self._real = lock._semlock
        self._taken = 0  # by this purchase, and not given back
        self._is_lock = type(lock).__name__ in {"Lock", "RLock"}

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        files, real = self._files, self._real
        if not files.seam.active:
            return bool(real.acquire(block, timeout))
        ensure_not_dismissed(files.seam)
        if real.kind == RECURSIVE and real._is_mine():
            self._taken += 1
            return bool(real.acquire())
        waits = block and (timeout is None or timeout > 0)
        try:
            files.step(
                "lock", f"acquire {self.name}", self._touches, self._try,
                busy=lambda error: waits and isinstance(error, _Held),
            )  # fmt: skip
        except _Held:
            if waits and timeout is None:
                files.hang(f"{self.name} waits for ever")
            return False
        self._note(1)
        return True

    def release(self) -> None:
        files, real = self._files, self._real
        again = real.kind == RECURSIVE and self._taken > 1
        if not files.seam.active or files.seam.dismissed or again:
            real.release()
        else:
            files.step("unlock", f"release {self.name}", self._touches, real.release)
        if files.seam.active:
            self._note(-1)

    def _touches(self) -> list[Touch]:
        return [Touch(f"lock {self.name}", writes=True)]

    def _try(self) -> None:
        if not self._real.acquire(False):
            raise _Held

    def _note(self, more: int) -> None:
        """Keep what is taken, to undo it at the end; a semaphore of a sale only for a dismissal."""
        self._taken += more
        held = self._files.held
        if self._taken == 0:
            held.pop(self, None)
        else:
            held[self] = self.name, self._undo

    def _undo(self) -> None:
        taken, self._taken = self._taken, 0
        if not self._is_lock and not self._files.seam.dismissed:
            return
        for _ in range(taken):
            self._real.release()
        for _ in range(-taken):
            self._real.acquire(False)
