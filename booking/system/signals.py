"""The signals that end the program: the first one ends a command, and none disturbs its clean-up.

HUP, INT and TERM raise `Stopped` in the main thread, once. Later ones change nothing: buyers are
being ended then, and folders removed. A command ends with 128 and the number of the signal.
Python swallows what `__del__` raises, or a hook of fork: then it is raised again right after.

SIGPIPE is blocked, and it stays ignored: each write reports a reader that is gone. The kernel's
own SIGPIPE goes to the thread that wrote, one of `kill` to the process. `check` tells them apart.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_WORDS = {
    "SIGINT": "interrupted",
    "SIGTERM": "terminated",
    "SIGHUP": "the terminal was closed",
    "SIGPIPE": "the reader of the output is gone",
}
# Windows has two of them, and none of the calls that block signals.
WORDS = {signal.Signals[name]: words for name, words in _WORDS.items() if hasattr(signal, name)}
RAISED = tuple(number for number in WORDS if number.name != "SIGPIPE")
ENDING = set(WORDS)
_HAS_MASKS = hasattr(signal, "pthread_sigmask")
SHELL = 128  # a shell adds it to the number of a signal
AGAIN_S = 0.001  # until a swallowed `Stopped` is raised again


class Stopped(KeyboardInterrupt):
    """A signal ends the command; like Ctrl-C it passes every `except Exception`."""

    def __init__(self, number: int) -> None:
        super().__init__(WORDS[signal.Signals(number)])
        self.number = number

    @property
    def exit_code(self) -> int:
        """The exit code of a program that a signal ended, as a shell shows it."""
        return SHELL + self.number


class SignalWatch:
    """The signal handlers of one command: installed when made, and restored by `close`."""

    def __init__(self) -> None:
        self.first: int | None = None  # the signal that ends the command
        self._raises = False
        self._handlers: dict[int, Any] = {}
        self._mask: set[Any] | None = None
        self._alarm: Any = signal.SIG_DFL  # the handler that SIGALRM had before one was swallowed
        self._hook = sys.unraisablehook
        if threading.current_thread() is not threading.main_thread() or not _HAS_MASKS:
            return  # only the main thread may have handlers
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        for number in RAISED:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or `&` in a script
                self._handlers[number] = signal.signal(number, self._receive)
        sys.unraisablehook = self._swallowed

    def begin(self) -> None:
        """Raise `Stopped` from now on, and for a signal that came before."""
        self._raises = True
        self.raise_again()

    def raise_again(self) -> None:
        """Raise `Stopped` for a signal that came before."""
        if self.first is not None:
            raise Stopped(self.first)

    def quiet(self) -> None:
        """Note a signal from now on, and raise nothing."""
        self._raises = False
        if self.first is None and sent_pipe():
            self.first = signal.SIGPIPE

    def close(self) -> None:
        """Restore the handlers that there were."""
        if self._mask is None:
            return
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._hook
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.first is None:
            self.first = number
            if self._raises:
                raise Stopped(number)

    def _swallowed(self, what: sys.UnraisableHookArgs) -> None:
        """Have a timer raise `Stopped` again, outside of the code that swallowed it."""
        if not isinstance(what.exc_value, Stopped):
            self._hook(what)
        elif self._raises:
            handler = signal.signal(signal.SIGALRM, self._raise_again)
            self._alarm = self._alarm if handler == self._raise_again else handler
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)

    def _raise_again(self, _number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, self._alarm)
        if callable(self._alarm):  # of the deadlines: it finds out what its timer was set to
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
        if self._raises and self.first is not None:
            raise Stopped(self.first)


def check() -> None:
    """Raise `Stopped` where another process has sent SIGPIPE; long work calls it now and then."""
    if sent_pipe():
        raise Stopped(signal.SIGPIPE)


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Block the signals that end the program; a process started meanwhile inherits that."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_signals_to_parent() -> None:
    """Ignore Ctrl-C in a child, whose parent sees it too, and die of the other signals."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # of nohup
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # blocked while this process started


def sent_pipe() -> bool:
    """Return whether another process has sent SIGPIPE; forget those of our own writes."""
    if not hasattr(signal, "sigtimedwait"):
        return False  # macOS: SIGPIPE stays ignored
    sent = False
    while (info := signal.sigtimedwait({signal.SIGPIPE}, 0)) is not None:
        sent = sent or info.si_pid != os.getpid()
    return sent
