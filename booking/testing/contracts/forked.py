"""A real process for a contract: a fork that calls the methods of one object on request."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import warnings
from multiprocessing.connection import Connection
from typing import Any, Self

from booking.core.steps import drive

LIMIT_S = 30.0


class ForkedProcess:
    """A fork of this process that has inherited an object; a `with` block kills it at its end."""

    def __init__(self, inherited: object) -> None:
        self._line, theirs = multiprocessing.Pipe()
        with warnings.catch_warnings():
            # Python warns where the test runner has threads; the child uses none of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = os.fork()
        if self._pid == 0:
            try:
                self._line.close()
                drive(None)
                _serve(inherited, theirs)
            finally:
                os._exit(0)
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._line.close()

    def call(self, method: str, *values: object) -> Any:
        """Call a method there; return its result, or raise its exception."""
        self.begin(method, *values)
        return self.result()

    def begin(self, method: str, *values: object) -> None:
        """Call a method there without waiting for its result."""
        self._line.send((method, values))

    def result(self, limit_s: float = LIMIT_S) -> Any:
        """Return the result of the method that was begun, or raise its exception."""
        if not self._line.poll(limit_s):
            raise TimeoutError(f"no answer from the other process within {limit_s} s")
        done, value = self._line.recv()
        if not done:
            raise value
        return value

    def kill(self) -> None:
        """Kill the process with SIGKILL, and reap it."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0


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
