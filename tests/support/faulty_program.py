"""Run the program with one system call of it, or of its buyers, that fails or kills.

`faulty_calls.c` wraps the calls of the C library in a warm interpreter, so faults come after the
imports. A first run counts the calls; each later run has one of them fail.
"""

from __future__ import annotations

import errno
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.support.workers import Worker, worker

SOURCE = Path(__file__).with_name("faulty_calls.c")
COMPILER = shutil.which("cc")
# In the order of the C file: what each call may fail with, the likeliest first.
CALLS: dict[str, tuple[int, ...]] = {
    "open": (errno.EMFILE, errno.EACCES, errno.EIO, errno.ENOMEM),
    "create": (errno.ENOSPC, errno.EMFILE, errno.EACCES, errno.EIO),
    "read": (errno.EIO,),
    "write": (errno.ENOSPC, errno.EIO),
    "sync": (errno.EIO, errno.ENOSPC),
    "close": (errno.EIO,),
    "rename": (errno.EIO, errno.ENOSPC, errno.EACCES),
    "unlink": (errno.EIO, errno.EACCES),
    "mkdir": (errno.ENOSPC, errno.EACCES),
    "stat": (errno.EIO, errno.EACCES, errno.ENOMEM),
    "map": (errno.ENOMEM,),
    "memory": (errno.ENOMEM,),
    "fork": (errno.ENOMEM, errno.EAGAIN),
    "pipe": (errno.EMFILE,),
    "control": (errno.ENOMEM, errno.ENOLCK),
    "lock": (errno.ENOMEM, errno.EIO),
    "allocate": (errno.ENOSPC, errno.EIO),
    "mode": (errno.EACCES, errno.EIO),
    "truncate": (errno.EIO,),
    "list": (errno.EMFILE, errno.EACCES, errno.ENOMEM),
    "epoll": (errno.EMFILE,),
    "duplicate": (errno.EMFILE,),
}
HARNESS, BUYERS = 0, 1
KILL_BEFORE, KILL_AFTER = -1, -2
HEADER = struct.Struct("=iiiii")
COUNTS = struct.Struct(f"={2 * len(CALLS)}i")
LIMIT_S = 90.0


class Fault(NamedTuple):
    """The `at`-th call of a kind, in the harness or in all its buyers, and what happens to it."""

    scope: int
    call: str
    at: int
    what: int

    def __str__(self) -> str:
        who = ("harness", "buyers")[self.scope]
        kills = {KILL_BEFORE: "killed before", KILL_AFTER: "killed after"}
        what = kills.get(self.what) or errno.errorcode[self.what]
        return f"{who}: {self.call} {self.at}: {what}"


@dataclass(frozen=True)
class Run:
    """How one run ended."""

    code: int
    out: str
    err: str
    struck: bool
    counts: dict[tuple[int, str], int]
    session: int  # of all its processes


class FaultyProgram:
    """A warm interpreter whose forks are the program with a fault."""

    def __init__(self, warm: Worker, outputs: Path) -> None:
        self._warm = warm
        self._outputs = outputs

    def run(self, folder: Path, fault: Fault | None, *words: str, **environment: str) -> Run:
        """Run the program in a folder; without a fault count the calls only."""
        control, out, err = (self._outputs / name for name in ("control", "out", "err"))
        scope, call, at, what = fault or (0, None, -1, 0)
        number = -1 if call is None else list(CALLS).index(call)
        control.write_bytes(HEADER.pack(scope, number, at, what, 0) + bytes(COUNTS.size))
        self._warm.ask({
            "words": words, "folder": str(folder), "out": str(out), "err": str(err),
            "environment": {"PATH": "/usr/bin:/bin", "NO_COLOR": "1", **environment},
            "faults": str(control),
        })  # fmt: skip
        pid = self._warm.answer()
        code = self._warm.answer()
        data = control.read_bytes()
        counts = COUNTS.unpack_from(data, HEADER.size)
        numbers = {
            (scope, call): counts[scope * len(CALLS) + at]
            for scope in (HARNESS, BUYERS)
            for at, call in enumerate(CALLS)
        }
        struck = bool(HEADER.unpack_from(data)[4])
        return Run(code, _text(out), _text(err), struck, numbers, pid)


@contextmanager
def faulty_program(outputs: Path) -> Iterator[FaultyProgram]:
    """Compile the wrapper and start the warm interpreter."""
    library = outputs / "faulty_calls.so"
    compiled = subprocess.run(
        [COMPILER or "cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert compiled.returncode == 0, compiled.stderr
    with worker("tests.support.program_worker", LD_PRELOAD=str(library)) as warm:
        yield FaultyProgram(warm, outputs)


def sites(counts: dict[tuple[int, str], int], *, errors: bool = True) -> list[Fault]:
    """Return a fault for each call that was counted; its error changes from call to call."""
    faults = []
    for (scope, call), count in sorted(counts.items()):
        choices = CALLS[call] if errors else (KILL_BEFORE, KILL_AFTER)
        faults += [
            Fault(scope, call, at, choices[at % len(choices)]) for at in range(count)
        ]  # the harness's last calls are those of its clean-up
    return faults


def in_session(session: int) -> list[str]:
    """Return the processes of a session that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(f"{entry.name}: {(entry / 'cmdline').read_text()[:80]}")
        except (OSError, IndexError):
            continue
    return found


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
