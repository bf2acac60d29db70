"""Hear effects that no interceptor announces, by audit events (PEP 578)."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from booking.instrument.seam import Seam
from booking.system.byte_lock import LOCK_COMMANDS

# Event, and what it means for a proof. Ours are raised inside of an announced step.
EVENTS = {
    "sqlite3.connect": "opens a SQLite database past the interceptor",
    "socket.connect": "connects to {} and no interceptor covers that",
    "subprocess.Popen": "starts a program: its effects are not seen",
    "os.system": "starts a program: its effects are not seen",
    "os.posix_spawn": "starts a program: its effects are not seen",
    "os.exec": "starts a program: its effects are not seen",
    "os.fork": "forks: the effects of the child are not seen",
    "os.forkpty": "forks: the effects of the child are not seen",
    "os.rename": "renames {} past an interceptor",
    "os.remove": "removes {} past an interceptor",
    "os.link": "links {} past an interceptor",
    "os.symlink": "links {} past an interceptor",
    "os.mkdir": "makes {} past an interceptor",
    "os.truncate": "truncates {} past an interceptor",
    "os.rmdir": "removes {} past an interceptor",
    "os.listdir": "lists {} past an interceptor",
    "os.scandir": "lists {} past an interceptor",
    "fcntl.flock": "locks a file past an interceptor",
    "fcntl.lockf": "locks a file past an interceptor",
    "socket.sendto": "sends to {} and no interceptor covers that",
    "socket.sendmsg": "sends to {} and no interceptor covers that",
    "socket.bind": "listens at {} and no interceptor covers that",
    "ctypes.dlopen": "calls a C library ({}): its effects are not seen",
    "ctypes.dlsym": "calls a C library ({}): its effects are not seen",
    "mmap.__new__": "maps memory, which is shared perhaps",
    "shutil.rmtree": "removes {} past an interceptor",
    "signal.pthread_kill": "sends a signal: when it comes is not explored",
    "os.kill": "sends a signal: when it comes is not explored",
}
# Drivers that reach shared state without an audit event: by C code, or by a connection kept open.
DRIVERS = frozenset({
    "MySQLdb", "aiomysql", "aioredis", "aiosqlite", "apsw", "asyncmy", "asyncpg", "cx_Oracle",
    "duckdb", "fdb", "firebird", "ibm_db", "lmdb", "mariadb", "memcache", "mysql", "oracledb",
    "pg8000", "plyvel", "psycopg", "psycopg2", "psycopg2cffi", "pymemcache", "pymongo", "pymssql",
    "pymysql", "pyodbc", "pysqlite3", "redis", "sqlcipher3", "valkey",
})  # fmt: skip
THREAD_STARTS: tuple[tuple[Any, str], ...] = (
    (_thread, "start_new_thread"), (_thread, "start_joinable_thread"),
    (threading, "_start_new_thread"), (threading, "_start_joinable_thread"),
)  # fmt: skip
WRITING = set("wax+")
READ_ONLY_FOLDERS = (sys.prefix, sys.base_prefix, "/usr", "/proc", "/sys", "/dev", "/etc")


FILE_EVENTS = frozenset({"open", "os.listdir", "os.scandir", "os.rename", "os.remove", "os.mkdir"})


def doubt_drivers(seam: Seam, covered: Iterable[str]) -> None:
    """Doubt each driver that is imported, and that no interceptor covers."""
    for name in sorted(DRIVERS.difference(covered).intersection(sys.modules)):
        seam.doubts.append(f"{name} is imported, and no interceptor covers it")


def listen(seam: Seam) -> None:
    """Doubt every such effect of a purchase. A hook stays until the process ends."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not seam.active or seam.dismissed:
            return
        if event in FILE_EVENTS and _imports():  # Python's own modules
            return
        if event == "fcntl.fcntl":
            _controlled(seam, arguments[1])
        elif event == "open":
            _opened(seam, *arguments[:2])
        elif (what := EVENTS.get(event)) is not None:
            subject = _subject(event, arguments)
            with seam.inside():
                told = what.format(subject)
            seam.doubt(told)

    sys.addaudithook(hook)
    _hear_threads(seam)


def _hear_threads(seam: Seam) -> None:
    """Doubt each start of a thread; before Python 3.12 there is no audit event for it."""
    for module, name in THREAD_STARTS:
        real = getattr(module, name, None)
        if real is not None:
            setattr(module, name, partial(_started, seam, real))


def _started(seam: Seam, real: Callable[..., Any], *positional: Any, **named: Any) -> Any:
    if seam.active and not seam.dismissed:
        seam.doubt("starts a thread: its order is not explored")
    return real(*positional, **named)


def _subject(event: str, arguments: tuple[Any, ...]) -> object:
    """Return what an event is about."""
    at = 1 if event.startswith(("socket.", "ctypes.dlsym")) else 0
    return arguments[at] if len(arguments) > at else ""


def _imports() -> bool:
    """Return whether the call comes from an import: it reads modules, and writes their copies."""
    return sys._getframe(2).f_code.co_filename.startswith("<frozen importlib")


def _controlled(seam: Seam, command: Any) -> None:
    """Doubt a lock that is taken by fcntl(2) itself."""
    if command in LOCK_COMMANDS:
        seam.doubt("locks a file by fcntl.fcntl: no interceptor covers that")


def _opened(seam: Seam, path: Any, mode: Any) -> None:
    """Doubt a file that is shared, perhaps: not a module, nor a part of the system."""
    text = path.decode(errors="replace") if isinstance(path, bytes) else str(path)
    if text.endswith((".py", ".pyc", ".so", ".pth", ".mo")):
        return
    writes = bool(WRITING & set(mode or "")) if isinstance(mode, str) else True
    if writes or not text.startswith(READ_ONLY_FOLDERS):
        seam.doubt(f"opens {text} past an interceptor")
