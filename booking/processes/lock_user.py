"""A process that uses a lock alone: it asks, waits, stops at a line of the lock's code, dies."""

from __future__ import annotations

import multiprocessing
import os
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple, Self

from booking.core.protocols import Lock
from booking.processes.forked_process import LIMIT_S, ForkedProcess
from booking.system.code_place import code_place
from booking.system.processes import stat_of

THREAD_S = 5.0
ASLEEP_S = 0.2  # how long a process that waits may be awake before it counts as waiting
LOOK_S = 0.0005
_LIBRARY = sysconfig.get_paths()["stdlib"]
_SITE = sysconfig.get_paths()["purelib"]
_Trace = Callable[[FrameType, str, Any], Any]


class Survey(NamedTuple):
    """The lines of a lock's code that one call ran, and those before which its folder changed."""

    lines: list[str]
    changes: list[int]


class LockUse:
    """What a lock user's process does; it has inherited the lock."""

    def __init__(self, lock: Lock, folder: Path) -> None:
        self._lock = lock
        self._folder = folder
        self.near, self.far = multiprocessing.Pipe()

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock."""
        return bool(self._lock.acquire(timeout_s))

    def wait(self, timeout_s: float) -> bool:
        """Take the lock, and announce before that a wait begins."""
        self.far.send("waits")
        return self.acquire(timeout_s)

    def timed(self, timeout_s: float) -> tuple[bool, float]:
        """Take the lock; return how long that took, too."""
        begun_s = time.monotonic()
        acquired = self.acquire(timeout_s)
        return acquired, time.monotonic() - begun_s

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()

    def release_unheld(self) -> None:
        """Release a lock that this process does not hold; it may refuse."""
        with suppress(Exception):
            self._lock.release()

    def from_thread(self) -> bool:
        """Return whether another thread takes the lock while this one holds it."""
        if not self.acquire(THREAD_S):
            return False
        answers: list[bool] = []

        def ask() -> None:
            with suppress(Exception):
                answers.append(self.acquire(0.0))
                if answers[0]:
                    self.release()

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(THREAD_S)
        self.release_unheld()
        return answers == [True]

    def press(self, times: int, count: Path) -> int:
        """Add 1 so many times inside the lock; return how often another process was inside, too."""
        inside = count.with_name("inside")
        met = 0
        for _ in range(times):
            if not self.acquire(LIMIT_S):
                raise TimeoutError("the lock was not to be had")
            try:
                os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                met += 1
            before = int(count.read_text() or 0)
            os.sched_yield()
            count.write_text(str(before + 1))
            inside.unlink(missing_ok=True)
            self.release()
        return met

    def survey(self, method: str, *values: float) -> Survey:
        """Call a method; note each line that runs, and each change of the lock's folder."""
        lines: list[str] = []
        changes: list[int] = []
        before = _contents(self._folder)

        def note(where: str) -> None:
            nonlocal before
            now = _contents(self._folder)
            if now != before:
                changes.append(len(lines))
            before = now
            lines.append(where)

        self._traced(note, method, *values)
        return Survey(lines, changes)

    def stopping(self, line: int, method: str, *values: float) -> Any:
        """Call a method; before its line of that number, say so and wait for the word to go on."""
        at = 0

        def stop(where: str) -> None:
            nonlocal at
            if at == line:
                self.far.send(where)
                self.far.recv()
            at += 1

        return self._traced(stop, method, *values)

    def _traced(self, visit: Callable[[str], None], method: str, *values: float) -> Any:
        def trace(frame: FrameType, event: str, _argument: object) -> _Trace | None:
            if event == "call":
                return trace if _is_users(frame.f_code) else None
            if event == "line":
                visit(code_place(frame.f_code.co_filename, frame.f_lineno))
            return trace

        sys.settrace(trace)
        try:
            return getattr(self._lock, method)(*values)
        finally:
            sys.settrace(None)


class LockUser:
    """The parent's side of a process that uses a lock; a `with` block kills it at its end."""

    def __init__(self, lock: Lock, folder: Path) -> None:
        self._use = LockUse(lock, folder)
        self.process = ForkedProcess(self._use)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self.process.__exit__()
        self._use.near.close()
        self._use.far.close()

    def acquire(self, timeout_s: float) -> bool:
        """Return whether the process gets the lock."""
        acquired: bool = self.process.call("acquire", timeout_s)
        return acquired

    def release(self) -> None:
        """Release the lock there."""
        self.process.call("release")

    def waits(self, timeout_s: float = LIMIT_S) -> None:
        """Begin to wait for the lock; return once the process sleeps, or has its answer."""
        self.process.begin("wait", timeout_s)
        self._use.near.recv()
        until_s = time.monotonic() + ASLEEP_S
        while not self.process.answered() and time.monotonic() < until_s:
            if _sleeps(self.process.pid):
                return
            time.sleep(LOOK_S)

    def stops(self, line: int, method: str, *values: float) -> str | None:
        """Begin a call that stops before a line; return which, None where it ended before."""
        self.process.begin("stopping", line, method, *values)
        ready = multiprocessing.connection.wait([self._use.near, self.process.line], LIMIT_S)
        return str(self._use.near.recv()) if self._use.near in ready else None

    def goes_on(self) -> Any:
        """Resume a call that stops; return its result."""
        self._use.near.send("go")
        return self.process.result()


def _is_users(code: CodeType) -> bool:
    name = code.co_filename
    return not name.startswith("<") and (not name.startswith(_LIBRARY) or name.startswith(_SITE))


def _contents(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return what a folder shows unopened: closing a file could lose a lock on it (fcntl(2))."""
    contents = {}
    for entry in os.scandir(folder):
        with suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            contents[entry.name] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return contents


def _sleeps(pid: int) -> bool:
    """Return whether a process sleeps, by the kernel's word; elsewhere none is seen to."""
    process = stat_of(pid)
    return process is not None and process.state == "S"
