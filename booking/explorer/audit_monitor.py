"""Find effects on shared things that no step announced, by Python's audit events.

Python raises an audit event for `open`, `os.rename`, `fcntl.flock`, `socket.connect` and more.
Each one that a task causes is compared with the step that the task took last:

* `read` covers one opening for reading, `truncate` one that empties, `write` one for writing,
  `replace` one renaming onto its resource, another action one effect of any kind;
* `acquire` and `release` cover all that the lock does to files that carry its name;
* a file is shared once a task writes it, if it was there before the tasks started or two of
  them touch it: a temporary file of one task alone is private.

Code that is not ours is watched more closely, because more than one effect may come under a step
without an event: a file that stays open is read and written, a database runs several statements.
"""

from __future__ import annotations

import mmap
import os
import stat
import sys
from collections import defaultdict
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from booking.explorer.client_monitor import ClientMonitor
from booking.explorer.code_lines import line_at_work, users_line
from booking.explorer.effect_count import EffectCount
from booking.explorer.task import CooperativeScheduler, Task
from booking.explorer.transition import Caveat, Step
from booking.history.actions import Action
from booking.system.descriptors import path_of
from booking.system.folder_events import FolderEvents, Seen


class _Effect(StrEnum):
    """What code does to a file."""

    READ = "read"
    WRITE = "write"
    TRUNCATE = "truncate"
    RENAME_ONTO = "rename-onto"
    RENAME_AWAY = "rename-away"
    REMOVE = "remove"
    LINK = "link"
    MAKE = "make"


# The effect that each action covers; an action that is not listed covers any one effect.
_COVERS: dict[str, _Effect] = {
    Action.READ: _Effect.READ,
    Action.TRUNCATE: _Effect.TRUNCATE,
    Action.WRITE: _Effect.WRITE,
    Action.REPLACE: _Effect.RENAME_ONTO,
}
_LOCKING = frozenset({Action.ACQUIRE, Action.RELEASE})
# The effect in words, and the action that announces it.
_ANNOUNCED_BY: dict[_Effect, tuple[str, str]] = {
    _Effect.READ: ("opens {} for reading", Action.READ),
    _Effect.WRITE: ("opens {} for writing", Action.WRITE),
    _Effect.TRUNCATE: ("empties {}", Action.TRUNCATE),
    _Effect.RENAME_ONTO: ("replaces {}", Action.REPLACE),
    _Effect.RENAME_AWAY: ("moves {} away", Action.REMOVE),
    _Effect.REMOVE: ("removes {}", Action.REMOVE),
    _Effect.LINK: ("links {}", "link"),
    _Effect.MAKE: ("makes {}", "make"),
}
_EVENTS = {
    "os.remove": _Effect.REMOVE,
    "os.truncate": _Effect.TRUNCATE,
    "os.link": _Effect.LINK,
    "os.symlink": _Effect.LINK,
    "os.mkdir": _Effect.MAKE,
    "os.rmdir": _Effect.REMOVE,
}
PRIVATE = "give each buyer a temporary file of its own"
_HARMLESS = frozenset({_Effect.READ, _Effect.RENAME_AWAY})  # make no file a written one
_CONNECTS = {"sqlite3.connect", "socket.connect"}
_STARTS = {"subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec"}
_LOCKS = {"fcntl.flock", "fcntl.lockf"}

_SQLITE_FILES = ("-wal", "-shm", "-journal")  # beside a database, and part of it

_COMPILED = "__pycache__"  # written by the process that imports first
_WRITING = os.O_WRONLY | os.O_RDWR


class _Touch(NamedTuple):
    effect: _Effect
    name: str
    where: str
    announced: str | None  # what the step before it names instead, where its action fits
    other: str  # the other file of a renaming


class AuditMonitor:
    """Compares the audit events of tasks with their steps; one at a time in a process."""

    def __init__(self, driver: CooperativeScheduler, *, closely: bool = False) -> None:
        self._driver = driver
        self._closely = closely  # watch what each step does to open files and databases, too
        self._count = EffectCount(driver)
        self._clients = ClientMonitor(self._count, users_line)
        self._events = FolderEvents() if closely else None
        self._databases: set[str] = set()
        self._folder = self._root = ""
        self._there: frozenset[str] = frozenset()
        self._spent: set[str] = set()
        self._segment: tuple[Task, int] | None = None
        self._uncovered: dict[str, dict[_Touch, None]] = defaultdict(dict)
        self._written: set[str] = set()
        self._shared: set[str] = set()
        self._touched: dict[str, set[int]] = defaultdict(set)
        self._certain: dict[Caveat, None] = {}

    def start(self) -> None:
        """Watch the clients of databases and servers from now on."""
        if self._closely:
            self._clients.start()

    def begin(self, folder: Path) -> None:
        """Start a new execution in `folder`, which holds what all tasks share already."""
        self._folder = f"{folder}{os.sep}"
        self._root = f"{folder.parent}{os.sep}"
        self._there = frozenset(entry.name for entry in os.scandir(folder))
        self._touched.clear()
        if self._events is not None:
            self._clients.watch()
            self._events.begin(self._folder)

    def close(self) -> None:
        """Watch no more."""
        self._clients.close()
        if self._events is not None:
            self._events.close()

    def before_segment(self) -> None:
        """Forget what the harness itself did to files."""
        if self._events is not None:
            self._events.forget(self._there - self._databases)

    def after_segment(self, task: Task) -> None:
        """Compare what the kernel saw with the step that a task took last."""
        if self._events is None:
            return
        for name, seen in self._events.take().items():
            self._touched[name].add(task.number)
            if name not in self._there and len(self._touched[name]) == 1:
                continue  # a temporary file of one task alone
            if not self._is_machinery(name, task.current):
                self._seen_by_kernel(task, name, seen)

    def _seen_by_kernel(self, task: Task, name: str, seen: Seen) -> None:
        step = task.current
        where = f"step {step}" if step else "before the first step"
        resource = _base(step.resource) if step else ""
        if seen.writes > 1 or (seen.read and seen.writes):
            how = "writes" if not seen.read else "reads and writes"
            twice = "" if seen.read else " twice"
            what = f"{how} {name}{twice}: others can come between; announce each effect"
            self._count.doubt(what, where)
        elif seen.writes and name != resource:
            self._count.doubt(f"writes {name}, and no step announces it", where)

    def _is_machinery(self, name: str, step: Step | None) -> bool:
        """Return whether a file is part of a lock, a database or a mailbox."""
        if step is not None and step.action in _LOCKING and name.startswith(step.resource):
            return True
        return name in self._databases or _is_pipe(self._folder + name)

    def caveats(self) -> list[Caveat]:
        """Return every effect on something shared that was not announced."""
        caveats = {**self._certain, **dict.fromkeys(self._count.caveats())}
        for path, touches in self._uncovered.items():
            if self._is_changed(path):
                caveats.update((self._caveat(touch), None) for touch in touches)
        return list(caveats)

    def _is_changed(self, path: str) -> bool:
        """Return whether buyers share a file, and one of them changes it."""
        return path in self._written and path in self._shared

    def _caveat(self, touch: _Touch) -> Caveat:
        words, action = _ANNOUNCED_BY[touch.effect]
        what, call = words.format(touch.name), f'step("{action}", "{_base(touch.name)}")'
        if touch.announced is not None:
            cure = (
                f", and the step before it names {touch.announced!r}, which is no name of this "
                f"file: call {call}"
            )
        elif touch.other and self._is_changed(touch.other):
            cure = f", and buyers share {touch.other}, too: a step names one file, so {PRIVATE}"
        elif touch.name not in self._there:
            cure = f", which other buyers use, too: call {call} right before, or {PRIVATE}"
        else:
            fills = touch.effect is _Effect.TRUNCATE
            more = ", and what fills it is a step of its own" if fills else ""
            cure = f", and no step announces it: call {call} right before{more}"
        return Caveat(f"{what}{cure}", touch.where)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Examine one audit event; those of the harness itself are passed over."""
        if self._closely and event == "sqlite3.connect":
            self._clients.connected(args[0])
            self._note_database(args[0])
        task = self._driver.current
        if task is None or task.cancelled:
            return
        if event == "open":
            self._file(task, _opening(args), args[0])
        elif event == "os.rename":
            self._file(task, _Effect.RENAME_AWAY, args[0], also=args[1])
            self._file(task, _Effect.RENAME_ONTO, args[1], also=args[0])
        elif event in _EVENTS:
            self._file(task, _EVENTS[event], args[0])
        elif event in _LOCKS:
            self._lock(task, event, args[0])
        elif event in _STARTS:
            what = f"{event}: what another process does can't be seen, so nothing can be proved"
            self._certain[Caveat(what, line_at_work())] = None
        elif event == "mmap.__new__":
            self._map(args)
        elif event in _CONNECTS and task.steps == 0:
            self._certain[Caveat(f"{event} before any step was announced", line_at_work())] = None

    def _note_database(self, database: object) -> None:
        if isinstance(database, (str, bytes, os.PathLike)):
            name = Path(os.fsdecode(database)).name
            self._databases.update((name, *(name + suffix for suffix in _SQLITE_FILES)))

    def _map(self, args: tuple[Any, ...]) -> None:
        """Examine a mapping: what is read and written in it raises no event at all."""
        path = path_of(args[0])
        if self._closely and path.startswith(self._folder) and not _is_read_only(args):
            what = "maps a file into memory: what it reads and writes there can't be seen"
            self._certain[Caveat(what, line_at_work())] = None

    def _lock(self, task: Task, event: str, fd: object) -> None:
        step = task.current
        if self._past(path_of(fd)):
            return
        if event == "fcntl.lockf":
            what = "fcntl.lockf locks for a whole process, and explored buyers share one"
            self._certain[Caveat(what, line_at_work())] = None
        if step is None or step.action not in _LOCKING:
            what = f'{event} is called, and no step announces it: call step("acquire", …) first'
            self._certain[Caveat(what, line_at_work())] = None

    def _file(self, task: Task, effect: _Effect, path: object, also: object = None) -> None:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, os.PathLike):
            path = os.fspath(path)
        if not isinstance(path, str):
            return  # a descriptor: its opening was heard
        whole = path if path.startswith(os.sep) else os.path.abspath(path)  # noqa: PTH100 - hot
        if _COMPILED in whole or whole + os.sep == self._folder or self._past(whole):
            return
        key = whole.removeprefix(self._folder)
        tasks = self._touched[key]
        tasks.add(task.number)
        if len(tasks) > 1 or key in self._there:
            self._shared.add(key)
        if effect not in _HARMLESS:
            self._written.add(key)
        if effect is _Effect.WRITE and self._is_seen(key):
            return  # the kernel tells what is written
        if not self._covered(task, effect, key) and not _is_pipe(whole):
            misnamed = _misnamed(task, effect, key)
            touch = _Touch(effect, key, line_at_work(), misnamed, self._other(also))
            self._uncovered[key][touch] = None

    def _other(self, path: object) -> str:
        """Return the other file of a renaming; empty: the effect is on one file."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return ""
        return os.fsdecode(path).removeprefix(self._folder)

    def _is_seen(self, key: str) -> bool:
        """Return whether the kernel reports what is done to a file, which is there already."""
        seen = self._events is not None and self._events.available
        return seen and os.sep not in key and os.path.exists(self._folder + key)  # noqa: PTH110 - hot

    def _past(self, path: str) -> bool:
        """Return whether a file is of an earlier execution, which Python clears away late."""
        return path.startswith(self._root) and not path.startswith(self._folder)

    def _covered(self, task: Task, effect: _Effect, key: str) -> bool:
        step, name = task.current, _base(key)
        if step is None:
            return False
        resource = _base(step.resource)
        if step.action in _LOCKING:
            return name.startswith(resource)
        return resource == name and self._spend(task, step, effect, name)

    def _spend(self, task: Task, step: Step, effect: _Effect, name: str) -> bool:
        """Return whether a step covers an effect; each step covers one effect on a name."""
        if self._segment != (task, task.steps):
            self._segment = (task, task.steps)
            self._spent.clear()
        if name in self._spent or effect is not _COVERS.get(step.action, effect):
            return False
        self._spent.add(name)
        return True


class _AuditHook:
    """The audit hook of this process: Python can add one, and never removes it."""

    def __init__(self) -> None:
        self.added = False
        self.monitor: AuditMonitor | None = None


_HOOK = _AuditHook()


def listen(monitor: AuditMonitor | None) -> None:
    """Pass every audit event of this process to `monitor` from now on; None: to none."""
    _HOOK.monitor = monitor
    if not _HOOK.added:
        _HOOK.added = True
        sys.addaudithook(_hear)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    # A function: Python asks each hook for `__cantrace__`, and a bound method answers slowly.
    if _HOOK.monitor is not None:
        _HOOK.monitor.hear(event, args)


def _misnamed(task: Task, effect: _Effect, key: str) -> str | None:
    """Return the name that a task announced, where its step fits an effect but for the name."""
    step = task.current
    if step is None or step.action in _LOCKING or _COVERS.get(step.action, effect) is not effect:
        return None
    return None if _base(step.resource) == _base(key) else step.resource


def _base(path: str) -> str:
    return path.rpartition(os.sep)[2]


def _is_pipe(path: str) -> bool:
    """Return whether a path is a named pipe: opening one changes nothing that others see."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116 - hot
    except OSError:
        return False


def _opening(args: tuple[Any, ...]) -> _Effect:
    flags = args[2] if len(args) > 2 and isinstance(args[2], int) else 0  # noqa: PLR2004
    if flags & os.O_TRUNC:
        return _Effect.TRUNCATE
    return _Effect.WRITE if flags & (_WRITING | os.O_CREAT) else _Effect.READ


def _is_read_only(mapping: tuple[Any, ...]) -> bool:
    access = mapping[2] if len(mapping) > 2 else mmap.ACCESS_DEFAULT  # noqa: PLR2004
    return access in {mmap.ACCESS_READ, mmap.ACCESS_COPY}
