"""A process that was forked to call the methods of one object on request."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import warnings
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Self

from booking.core.steps import drive
from booking.errors import CapacityError

LIMIT_S = 30.0


class ForkedProcess:
    """A fork of this process that has inherited an object; a `with` block kills it at its end."""

    def __init__(self, inherited: object) -> None:
        self.line, theirs = multiprocessing.Pipe()
        with warnings.catch_warnings():
            # Python warns where the test runner has threads; the child uses none of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                self.pid = os.fork()
            except OSError as error:
                problem = (error.strerror or str(error)).lower()
                raise CapacityError(
                    f"a process could not be started: {problem}; raise the limit (ulimit -u)"
                ) from None
        if self.pid == 0:
            try:
                self.line.close()
                drive(None)
                _serve(inherited, theirs)
            finally:
                os._exit(0)
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.line.close()

    def call(self, method: str, *values: object) -> Any:
        """Call a method there; return its result, or raise its exception."""
        self.begin(method, *values)
        return self.result()

    def begin(self, method: str, *values: object) -> None:
        """Call a method there without waiting for its result."""
        self.line.send((method, values))

    def result(self, limit_s: float = LIMIT_S) -> Any:
        """Return the result of the method that was begun, or raise its exception."""
        if not self.answered(limit_s):
            raise TimeoutError(f"no answer from the other process within {limit_s} s")
        done, value = self.line.recv()
        if not done:
            raise value
        return value

    def answered(self, limit_s: float = 0.0) -> bool:
        """Return whether the method that was begun has ended, or ends within the limit."""
        return self.line.poll(limit_s)

    def kill(self) -> None:
        """Kill the process with SIGKILL, and reap it."""
        if self.pid:
            # A signal may have cut short an earlier call, right after the process was reaped.
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            self.pid = 0


def _serve(inherited: object, line: Connection) -> None:
    while True:
        try:
            method, values = line.recv()
        except EOFError:
            return
        try:
            answer = True, getattr(inherited, method)(*values)
        except Exception as error:
            answer = False, _picklable(error)
        line.send(answer)


def _picklable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
