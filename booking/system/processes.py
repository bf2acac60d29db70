"""Look up processes: which there are, by /proc or ps(1), and whether one is alive."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TRIES = 3
PROC = "/proc"
# States, parents and groups; the session is asked for by getsid(2), because macOS prints none.
PS = ("ps", "-A", "-o", "pid=,stat=,ppid=,pgid=")
PS_S = 10.0
FIELDS = 4


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """A process as the system shows it; `state` is a letter: Z a zombie, S asleep."""

    pid: int
    state: str
    parent: int
    group: int
    session: int


def numbers() -> list[int]:
    """Return the number of every process; none where the system shows none.

    It is asked in the clean-up of a sale, whose result an error would lose: so it is asked again.
    """
    for _ in range(TRIES):
        try:
            return [int(name) for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208 - quicker
        except OSError:
            continue
    return [process.pid for process in _by_ps()]


def processes() -> list[ProcessStat] | None:
    """Return every process; None where the system has neither /proc nor ps(1)."""
    if _has_proc():
        return list(_by_proc())
    return _by_ps() or None


def can_list() -> bool:
    """Return whether this system shows its processes at all."""
    return _has_proc() or bool(_by_ps(os.getpid()))


def _has_proc() -> bool:
    return os.path.isdir(f"{PROC}/self")  # noqa: PTH112 - a text; others have a /proc, too


def stat_of(pid: int) -> ProcessStat | None:
    """Return a process, or None where there is none, or none is shown."""
    if _has_proc():
        return _proc_stat(pid)
    return next((process for process in _by_ps(pid) if process.pid == pid), None)


def alive(pid: int) -> bool:
    """Return whether a process of that number exists; a zombie does."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _by_proc() -> Iterator[ProcessStat]:
    for pid in numbers():
        if (process := _proc_stat(pid)) is not None:
            yield process


def _proc_stat(pid: int) -> ProcessStat | None:
    try:
        fields = Path(f"{PROC}/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None  # it ended meanwhile
    return ProcessStat(pid, fields[0], *map(int, fields[1:4]))


def _by_ps(pid: int | None = None) -> list[ProcessStat]:
    command = PS if pid is None else (*PS[:1], *PS[2:], "-p", str(pid))
    own, text = _output(command)
    found = []
    for line in text.splitlines():
        fields = line.split()
        with suppress(ValueError):
            if len(fields) == FIELDS:
                number, parent, group = int(fields[0]), int(fields[2]), int(fields[3])
                found.append(ProcessStat(number, fields[1][0], parent, group, _session_of(number)))
    return [process for process in found if process.pid != own]


def _output(command: Sequence[str]) -> tuple[int, str]:
    """Run ps(1); return its own number, which is not looked for, and its text."""
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, errors="replace",
        ) as ps:  # fmt: skip
            try:
                return ps.pid, ps.communicate(timeout=PS_S)[0]
            except subprocess.TimeoutExpired:
                ps.kill()
                return ps.pid, ""
    except OSError:
        return 0, ""


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1  # another user's, or it ended meanwhile
