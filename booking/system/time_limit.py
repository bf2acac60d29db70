"""A time limit for calls that have none of their own, or only one for each of their parts.

To connect is such a call: a name is resolved, a socket opened, a handshake held, and a server may
be silent in each, or send a byte now and then. So the call runs in a thread, and the caller waits
no longer than the limit. A thread that is too late is left to itself; what it brings is closed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class TooLateError(Exception):
    """A call did not return within its limit."""


def within(limit_s: float, call: Callable[[], T], close: Callable[[T], object]) -> T:
    """Return what a call returns, or raise what it raises; after the limit raise `TooLateError`.

    `close` gets what the call returns after that.
    """
    running = _Running(call, close)
    threading.Thread(target=running.run, name="booking-connect", daemon=True).start()
    return running.result(limit_s)


class _Running(Generic[T]):
    def __init__(self, call: Callable[[], T], close: Callable[[T], object]) -> None:
        self._call = call
        self._close = close
        self._ended = threading.Event()
        self._lock = threading.Lock()  # either the caller takes the result, or `run` closes it
        self._abandoned = False
        self._returned: list[T] = []
        self._raised: BaseException | None = None

    def run(self) -> None:
        try:
            returned = self._call()
        except BaseException as error:
            self._raised = error
        else:
            with self._lock:
                self._returned.append(returned)
                abandoned = self._abandoned
            if abandoned:
                self._close(returned)
        finally:
            self._ended.set()

    def result(self, limit_s: float) -> T:
        try:
            self._ended.wait(limit_s)
        finally:  # an interrupt ends the wait as well
            with self._lock:
                self._abandoned = not (self._returned or self._raised)
        if self._abandoned:
            raise TooLateError
        if self._raised is not None:
            raise self._raised
        return self._returned[0]
