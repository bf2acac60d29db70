"""Hear what buyers do to the system, and find the shared effects that no step announced.

Python raises audit events for `open`, `os.rename`, `fcntl.flock`, `socket.connect` and more.
Each one that a buyer causes is held against the step that it was last let through:

* `read` covers one opening for reading, `truncate` one that empties, `write` one for writing,
  `replace` one renaming onto its resource, another action one effect of any kind;
* `acquire` and `release` cover whatever the lock does to files that carry its name;
* a file is shared once it is written by somebody, and was there before the buyers came or is
  touched by two of them: a temporary file of one buyer alone is private.
"""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from booking.explorer.task import CooperativeScheduler, Task
from booking.explorer.transition import Caveat
from booking.history.actions import Action

_COVERS = {"read": {"read"}, "truncate": {"truncate"}, "write": {"write"}, "replace": {"rename"}}
_WRITING = os.O_WRONLY | os.O_RDWR
_COMPILED = "__pycache__"  # written by whoever imports first
_OURS = str(Path(__file__).parent)
_LIBRARY = sysconfig.get_paths()["stdlib"]
_SITE = sysconfig.get_paths()["purelib"]
_EVENTS = {
    "os.remove": "remove",
    "os.truncate": "truncate",
    "os.link": "link",
    "os.symlink": "link",
    "os.mkdir": "make",
    "os.rmdir": "remove",
}
_CONNECTS = {"sqlite3.connect", "socket.connect"}
_STARTS = {"subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec"}
_LOCKS = {"fcntl.flock", "fcntl.lockf"}


class _Touch(NamedTuple):
    what: str
    name: str
    where: str


class AuditMonitor:
    """The ear of an exploration; one at a time in a process."""

    def __init__(self, stage: CooperativeScheduler) -> None:
        self._stage = stage
        self._folder = self._root = ""
        self._there: frozenset[str] = frozenset()
        self._spent: set[str] = set()
        self._segment: tuple[Task, int] | None = None
        self._uncovered: dict[str, dict[_Touch, None]] = defaultdict(dict)
        self._written: set[str] = set()
        self._shared: set[str] = set()
        self._touched: dict[str, set[int]] = defaultdict(set)
        self._certain: dict[Caveat, None] = {}

    def begin(self, folder: Path) -> None:
        """A new execution starts in `folder`, which holds what all buyers share already."""
        self._folder = f"{folder}{os.sep}"
        self._root = f"{folder.parent}{os.sep}"
        self._there = frozenset(entry.name for entry in os.scandir(folder))
        self._touched.clear()

    def doubts(self) -> list[Caveat]:
        """Give every effect on something shared that was not announced."""
        found = dict(self._certain)
        for path, touches in self._uncovered.items():
            if path in self._written and path in self._shared:
                found.update((_doubt(touch), None) for touch in touches)
        return list(found)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Take in one audit event; those of the harness itself are none of our business."""
        actor = self._stage.current
        if actor is None or actor.dismissed:
            return
        if event == "open":
            self._file(actor, _opening(args), args[0])
        elif event == "os.rename":
            self._file(actor, "take", args[0])
            self._file(actor, "rename", args[1])
        elif event in _EVENTS:
            self._file(actor, _EVENTS[event], args[0])
        elif event in _LOCKS:
            self._lock(actor, event, args[0])
        elif event in _STARTS:
            what = f"{event}: what another process does can't be seen, so nothing can be proved"
            self._certain[Caveat(what, _where())] = None
        elif event in _CONNECTS and actor.steps == 0:
            self._certain[Caveat(f"{event} before any step was announced", _where())] = None

    def _lock(self, actor: Task, event: str, fd: object) -> None:
        step = actor.standing
        if self._past(_path_of(fd)):
            return
        if event == "fcntl.lockf":
            what = "fcntl.lockf locks for a whole process, and explored buyers share one"
            self._certain[Caveat(what, _where())] = None
        if step is None or step.action not in {Action.ACQUIRE, Action.RELEASE}:
            what = f'{event} is called, and no step announces it: call step("acquire", …) first'
            self._certain[Caveat(what, _where())] = None

    def _file(self, actor: Task, what: str, path: object) -> None:
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
        who = self._touched[key]
        who.add(actor.number)
        if len(who) > 1 or key in self._there:
            self._shared.add(key)
        if what not in {"read", "take"}:
            self._written.add(key)
        if not self._covered(actor, what, key) and not _is_pipe(whole):
            self._uncovered[key][_Touch(what, key, _where())] = None

    def _past(self, path: str) -> bool:
        """Whether a file is of an earlier execution, of which Python clears something away."""
        return path.startswith(self._root) and not path.startswith(self._folder)

    def _covered(self, actor: Task, what: str, key: str) -> bool:
        step, name = actor.standing, key.rpartition(os.sep)[2]
        if step is None:
            return False
        if step.action in {Action.ACQUIRE, Action.RELEASE}:
            return name.startswith(step.resource.rpartition(os.sep)[2])
        if step.resource.rpartition(os.sep)[2] != name:
            return False
        if self._segment != (actor, actor.steps):
            self._segment = (actor, actor.steps)
            self._spent.clear()
        if name in self._spent or what not in _COVERS.get(step.action, {what}):
            return False
        self._spent.add(name)
        return True


_ears: list[Callable[[str, tuple[Any, ...]], None]] = []
_hooked: list[bool] = []


def listen(audit: AuditMonitor | None) -> None:
    """Let `audit` hear every event from now on; None: nobody does. A hook can't be removed."""
    _ears.clear()
    if audit is not None:
        _ears.append(audit.hear)
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_hook)


def place_of(function: object) -> str:
    """Say where a function is defined."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return _shown(code, code.co_firstlineno) if isinstance(code, CodeType) else repr(function)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    for ear in _ears:
        ear(event, args)


def _path_of(fd: object) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115 - hot
    except OSError:
        return ""  # there is no such folder on other systems


def _is_pipe(path: str) -> bool:
    """Say whether it is a named pipe: opening one changes nothing that anybody could see."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116 - hot
    except OSError:
        return False


def _opening(args: tuple[Any, ...]) -> str:
    flags = args[2] if len(args) > 2 and isinstance(args[2], int) else 0  # noqa: PLR2004
    if flags & os.O_TRUNC:
        return "truncate"
    return "write" if flags & (_WRITING | os.O_CREAT) else "read"


def _where() -> str:
    """Say which line of whose code is at work: the innermost that is neither ours nor Python's."""
    frame: FrameType | None = sys._getframe(2)
    fallback = "?"
    while frame is not None:
        name = frame.f_code.co_filename
        ours = name.startswith((_OURS, "<"))
        library = name.startswith(_LIBRARY) and not name.startswith(_SITE)
        if not ours and not library:
            return _shown(frame.f_code, frame.f_lineno)
        frame = frame.f_back
    return fallback


def _shown(code: CodeType, line: int) -> str:
    return f"{Path(code.co_filename).name}:{line} ({code.co_qualname})"


_VERBS = {
    "read": "opens {} for reading",
    "write": "opens {} for writing",
    "truncate": "empties {}",
    "rename": "replaces {}",
    "take": "moves {} away",
}


def _doubt(touch: _Touch) -> Caveat:
    verb = _VERBS.get(touch.what, touch.what + "s {}").format(touch.name)
    action = {"rename": "replace", "take": "remove"}.get(touch.what, touch.what)
    more = ", and what fills it is a step of its own" if touch.what == "truncate" else ""
    return Caveat(
        f'{verb}, and no step announces it: call step("{action}", …) right before{more}',
        touch.where,
    )
