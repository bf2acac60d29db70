"""`filelock`: its locks are taken and given back in one step each.

What such a lock does with its file is its own affair: many calls that mean one thing.
"""

from __future__ import annotations

import os
from typing import Any

from booking.instrument.files.bindings import Bindings
from booking.instrument.files.resources import change, located, real_path
from booking.instrument.files.session import Files, ensure_not_dismissed
from booking.instrument.seam import Touch


def install(files: Files, patches: Bindings) -> None:
    """Replace `acquire` and `release` of every lock of the library."""
    try:
        import filelock
    except ImportError:
        return
    base: Any = filelock.BaseFileLock
    patches.replace(base, "acquire", _acquire(files, base.acquire, filelock.Timeout))
    patches.replace(base, "release", _release(files, base.release))


def _adopt(lock: Any) -> None:
    """Have a lock that was made before the fork be this process's own: nothing holds it.

    Workers that are started one by one make such a lock each, when they import its module.
    """
    if getattr(lock, "_creator_pid", None) not in {None, os.getpid()}:
        lock._creator_pid = os.getpid()


def _touches(lock: Any) -> list[Touch]:
    path = located(lock.lock_file)
    return [Touch(f"lock {real_path(path)}", writes=True), *change(real_path(path))]


def _acquire(files: Files, real: Any, refusal: type[Exception]) -> Any:
    seam = files.seam

    def acquire(
        self: Any,
        timeout: float | None = None,
        poll_interval: float | None = None,
        *,
        blocking: bool | None = None,
        **named: Any,
    ) -> Any:
        if not seam.active:
            return real(self, timeout, poll_interval, blocking=blocking, **named)
        ensure_not_dismissed(seam)
        _adopt(self)
        if self.is_locked:
            with seam.inside():
                return real(self, timeout, poll_interval, blocking=blocking, **named)
        limit = self.timeout if timeout is None else timeout
        waits = (self.blocking if blocking is None else blocking) and limit != 0
        if getattr(self, "lifetime", None) is not None:
            seam.doubt("a lock of filelock with a lifetime: the clock decides")
        name = os.path.basename(self.lock_file)  # noqa: PTH119
        try:
            proxy = files.step(
                "lock", f"acquire {name}", lambda: _touches(self),
                lambda: real(self, 0, poll_interval, blocking=False, **named),
                busy=lambda error: waits and isinstance(error, refusal),
            )  # fmt: skip
        except refusal:
            if waits and limit < 0:
                files.hang(f"the lock {name} waits for ever")
            raise
        files.held[self] = name, lambda: files.real_release(self)
        return proxy

    return acquire


def _release(files: Files, real: Any) -> Any:
    seam = files.seam
    files.real_release = lambda lock: real(lock, force=True)

    def release(self: Any, force: bool = False) -> None:
        if not seam.active:
            real(self, force)
            return
        _adopt(self)
        last = self.is_locked and (force or self.lock_counter <= 1)
        if seam.dismissed or not last:
            with seam.inside():
                real(self, force)
        else:
            name = os.path.basename(self.lock_file)  # noqa: PTH119
            files.step(
                "unlock", f"release {name}", lambda: _touches(self), lambda: real(self, force)
            )
        if last:
            files.held.pop(self, None)

    return release
