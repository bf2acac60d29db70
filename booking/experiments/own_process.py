"""Run a trial in a process of its own, where code that is not ours could end or block this one.

`os._exit` passes every handler of Python, and a constructor that never returns passes every limit
of a sale. In a process of its own either costs one trial: the others are run, and reports written.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from booking.errors import UsageError
from booking.fleets.listener import Listener
from booking.history.model import Event
from booking.processes.parent_death import die_with_parent
from booking.system.clean_up import settle_all
from booking.system.cpu_clock import used_ns
from booking.system.descriptors import close_quietly
from booking.system.scratch import PREFIX, places, remove_unclaimed, scratch_folders
from booking.system.signals import Stopped

IDLE_S = 60.0  # without progress and without work: code that waits for what never comes
BUSY_S = 600.0  # without progress, at work: a long history may take minutes to check
POLL_S = 1.0
ENDS_S = 10.0  # for a process that was told to end, or whose buyers die with it
WORKS = 0.1  # of the time, at least: less is a process that polls

T = TypeVar("T")
Call = Callable[[Listener], T]  # reports its progress to the listener


class OwnCodeError(UsageError):
    """Code of the user ended the process of a trial, or never returned."""


class _Heartbeat:
    """Signs of life for the parent while buyers are at work; the limits of a sale are its own."""

    wants_events = False

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._told_s = 0.0

    def opened(self, at_ns: int) -> None:
        """Do nothing: progress follows."""

    def progress(self, phase: str, done: int, total: int, events: Sequence[Event]) -> None:
        """Send a sign of life, at most one a second."""
        if (now_s := time.monotonic()) - self._told_s > POLL_S:
            self._told_s = now_s
            self._line.send_bytes(b"")


def in_own_process(call: Call[T]) -> T:
    """Return what a call returns in a fork of this process; raise `OwnCodeError` where it can't."""
    return _Watch(call).result()


class _Watch(Generic[T]):
    def __init__(self, call: Call[T]) -> None:
        self._line, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_serve, args=(call, theirs, self._line))
        self._process.start()
        theirs.close()

    def result(self) -> T:
        answer = None
        try:
            answer = self._answer()
        except KeyboardInterrupt as stopped:  # of ours: the process has a group of its own
            self._end(getattr(stopped, "number", None))
            raise
        finally:
            self._end(None, answered=answer is not None)
            self._line.close()
            if answer is None:
                _remove_left(f"{PREFIX}{self._process.pid}-")
        done: T = pickle.loads(answer)
        return done

    def _answer(self) -> bytes:
        """Return the answer as it was sent; raise `OwnCodeError` where none comes."""
        begun_s = time.monotonic()
        begun_cpu_s = self._cpu_s()
        while True:
            if not wait([self._line, self._process.sentinel], POLL_S):
                quiet_s = time.monotonic() - begun_s
                works = self._cpu_s() - begun_cpu_s > WORKS * quiet_s
                if quiet_s > (BUSY_S if works else IDLE_S):
                    raise OwnCodeError(
                        f"its code did not return within {quiet_s:.0f} s, so its process was ended"
                    )
                continue
            try:
                if answer := self._line.recv_bytes() if self._line.poll() else self._dead():
                    return answer
            except (EOFError, OSError):
                self._dead()
            begun_s, begun_cpu_s = time.monotonic(), self._cpu_s()

    def _dead(self) -> bytes:
        """Raise `OwnCodeError`: the process ended without an answer."""
        self._process.join(ENDS_S)
        code = self._process.exitcode
        how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
        raise OwnCodeError(f"its code ended the process {how}, so there is no result")

    def _end(self, number: int | None, *, answered: bool = False) -> None:
        """End the process: by a signal first where there is one, by SIGKILL at last."""
        pid = self._process.pid
        if number is not None and pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if number is not None or answered:
            self._process.join(ENDS_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join(ENDS_S)

    def _cpu_s(self) -> float:
        """Return the processor time of the process; 0 where the system does not say."""
        pid = self._process.pid
        return 0.0 if pid is None else used_ns(pid) / 1e9


def _serve(call: Call[T], line: Connection, theirs: Connection) -> None:
    """Answer the parent; its buyers, and this process itself, die with it."""
    theirs.close()
    die_with_parent()
    _leave_fork_server()
    try:
        answer = pickle.dumps(call(_Heartbeat(line)))
    except Stopped as stopped:
        settle_all()
        os._exit(stopped.exit_code)
    settle_all()
    line.send_bytes(answer)
    line.close()


def _leave_fork_server() -> None:
    """Leave the parent's fork server to it, which is no child of this process; start another."""
    server: Any = forkserver._forkserver  # the one of multiprocessing
    if server._forkserver_alive_fd is not None:
        close_quietly(server._forkserver_alive_fd)
    preloaded = server._preload_modules
    server.__init__()
    server._preload_modules = preloaded


def _remove_left(prefix: str) -> None:
    """Remove the folders that a process left, as soon as its buyers are dead, too."""
    deadline_s = time.monotonic() + ENDS_S
    folders = [
        folder
        for place in places()
        for folder in scratch_folders(place)
        if folder.name.startswith(prefix)
    ]
    while folders and time.monotonic() < deadline_s:
        for folder in folders:
            with suppress(OSError):
                remove_unclaimed(folder)
        folders = [folder for folder in folders if folder.exists()]
        time.sleep(POLL_S / 100)
