"""Observers of the seam and of the systems beneath the stores."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple


class Steps:
    """A driver that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int | None]] = []

    def step(self, action: str, resource: str, value: int | None) -> None:
        self.told.append((action, value))

    def saw(self, value: int | None) -> None:
        self.told.append(("saw", value))

    def network(self) -> None:
        self.told.append(("network", None))


Heard = Callable[[], list[str]]  # gives what the system saw since it was last called


class Segment(NamedTuple):
    """What the system saw under one step; under `START` what it saw before the first."""

    action: str
    seen: list[str]


START = "start"


class CallMonitor:
    """A driver that puts down, at each step, what the system saw under the one before."""

    def __init__(self, ears: list[Heard]) -> None:
        self._ears = ears
        self.segments = [Segment(START, [])]

    def step(self, action: str, resource: str, value: int | None) -> None:
        self.take_down()
        self.segments.append(Segment(action, []))

    def saw(self, value: int | None) -> None:
        pass

    def network(self) -> None:
        pass

    def take_down(self) -> None:
        for heard in self._ears:
            self.segments[-1].seen.extend(heard())


class Deaf(CallMonitor):
    """A driver that is told steps and keeps them to itself."""

    def __init__(self) -> None:
        super().__init__([])


class Transaction:
    """Where a session stands, by the statements that it sent."""

    def __init__(self, *, snapshots: set[str]) -> None:
        self._snapshots = snapshots  # BEGINs of transactions in which all reads see one state
        self._began = ""
        self._settled = False
        self._held = ""  # a pattern for the tables whose rows are locked

    def place(self, statement: str) -> str:
        """Give the statement with where it stands, which it may change for the next."""
        standing = self._standing(statement)
        word = statement.partition(" ")[0]
        if word == "BEGIN":
            self._began = statement
            self._settled = statement == "BEGIN IMMEDIATE"
            self._held = ".*" if self._settled else ""
        elif word in {"COMMIT", "ROLLBACK"}:
            self._began = ""
        elif self._began and word == "SELECT":
            self._settled = self._began in self._snapshots
            if locked := re.search(r"FROM (\w+) .*FOR UPDATE$", statement):
                self._held = locked[1]
        return f"{standing}: {statement}"

    def _standing(self, statement: str) -> str:
        if not self._began:
            return "alone"
        word, _, rest = statement.partition(" ")
        if word == "SELECT" and self._settled:
            return "settled"
        if word in {"UPDATE", "WITH"} and self._held and re.match(self._held, rest):
            return "held"
        return "inside"


@contextmanager
def postgres_statements(store: Any, folder: Path) -> Iterator[Heard]:
    """Hear what the private server writes into its log before it executes each statement."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    from booking.servers.postgres import private_postgres

    dsn = private_postgres(durable=False)
    log = Path(str(conninfo_to_dict(dsn)["host"]), "server.log")
    sessions: dict[str, Transaction] = {}
    line = re.compile(r"\S+ \S+ UTC \[(\d+)\] LOG:  (?:statement|execute [^:]+): (.*)")

    def heard() -> list[str]:
        nonlocal read
        with log.open("rb") as file:
            file.seek(read)
            data = file.read()
        read += len(data)
        # A statement of several lines goes on behind a tab.
        told = line.finditer(data.decode().replace("\n\t", " "))
        return [
            sessions.setdefault(
                one[1], Transaction(snapshots={"BEGIN ISOLATION LEVEL SERIALIZABLE"})
            ).place(one[2])
            for one in told
        ]

    with psycopg.connect(dsn, autocommit=True) as own:
        own.execute("ALTER ROLE booking SET log_statement = 'all'")  # of sessions from now on
        try:
            read = log.stat().st_size
            store.connect()
            yield heard
        finally:
            own.execute("ALTER ROLE booking RESET log_statement")


@contextmanager
def redis_commands(store: Any, folder: Path) -> Iterator[Heard]:
    """Hear what the private server runs, up to a command of our own that it is sent."""
    import redis

    from booking.servers.valkey import private_valkey

    own = redis.Redis.from_url(private_valkey(durable=False), socket_timeout=10)
    mark = f"that was all of {folder}"

    def heard() -> list[str]:
        own.echo(mark)
        seen = []
        queue = False
        while mark not in (told := monitor.next_command())["command"]:
            name = told["command"].partition(" ")[0]
            queue = queue and name != "EXEC"
            seen.append(f"{'queued' if queue else told['client_type']} {told['command']}")
            queue = queue or name == "MULTI"
        return seen

    try:
        own.ping()
        with own.monitor() as monitor:
            store.connect()
            yield heard
    finally:
        own.close()
        own.connection_pool.disconnect()


@contextmanager
def sqlite_statements(store: Any, folder: Path) -> Iterator[Heard]:
    """Hear what the store's own connection executes; that it opens no other is heard elsewhere."""
    transaction = Transaction(snapshots={"BEGIN", "BEGIN IMMEDIATE"})
    seen: list[str] = []
    store.connect()
    store.own().set_trace_callback(lambda sql: seen.append(transaction.place(sql)))
    yield lambda: _emptied(seen)


_MASK = 0x3EF  # all that is done to what is in a folder, but closing what was only read
_TOLD = {
    0x1: "access", 0x2: "modify", 0x4: "attrib", 0x8: "close", 0x20: "open", 0x40: "from",
    0x80: "to", 0x100: "create", 0x200: "delete",
}  # fmt: skip
_HEAD = struct.Struct("iIII")


@contextmanager
def file_events(store: Any, folder: Path) -> Iterator[Heard]:
    """Hear from the kernel what is done to the files of a folder (inotify(7)).

    Of two equal events in a row it tells one, and so of two writes. Therefore each file that is
    there is watched, too: what is told of the file itself, without a name, stands in between.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)

    def watch() -> None:
        for path in (folder, *folder.iterdir()):
            assert libc.inotify_add_watch(fd, os.fsencode(path), _MASK) >= 0, ctypes.get_errno()

    def heard() -> list[str]:
        told = _told(fd)
        watch()  # its own looking into the folder is told without a name
        return _moves(told)

    try:
        watch()
        yield heard
    finally:
        os.close(fd)


def _told(fd: int) -> list[str]:
    told = []
    while True:
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return told
        while data:
            _, mask, _, length = _HEAD.unpack_from(data)
            if name := data[_HEAD.size : _HEAD.size + length].rstrip(b"\0").decode():
                told.append(f"{_TOLD.get(mask, hex(mask))} {name}")
            data = data[_HEAD.size + length :]


def _moves(told: list[str]) -> list[str]:
    """Make one thing of what the kernel tells in parts: a move in two, an exchange in four."""
    text = "\n".join(told)
    text = re.sub(r"^from (\S+)\nto (\S+)$", r"move \1 \2", text, flags=re.M)
    text = re.sub(r"^move (\S+) (\S+)\nmove \2 \1$", r"exchange \1 \2", text, flags=re.M)
    return text.splitlines()


class _Audit:
    """What Python says that it is asked for; a hook can't be removed, so it is switched."""

    hooked = False
    on = False
    told: list[str] = []  # noqa: RUF012 - there is one

    @classmethod
    def hear(cls, event: str, args: tuple[Any, ...]) -> None:
        if not cls.on:
            return
        if event == "sqlite3.connect":
            cls.told.append(f"connect {args[0]}")
        elif event in {"fcntl.flock", "fcntl.lockf", "fcntl.fcntl"}:
            how = [word for word, bit in _HOW.items() if args[1] & bit]
            more = how if event == "fcntl.flock" else [str(arg) for arg in args[1:]]
            name = os.path.basename(os.readlink(f"/proc/self/fd/{args[0]}"))
            cls.told.append(" ".join([event.removeprefix("fcntl."), name, *more]))


_HOW = {name: getattr(fcntl, name) for name in ("LOCK_EX", "LOCK_SH", "LOCK_UN")}


@contextmanager
def locks_and_connections() -> Iterator[Heard]:
    """Hear the locks on files and the connections of SQLite that Python is asked for."""
    if not _Audit.hooked:
        _Audit.hooked = True
        sys.addaudithook(_Audit.hear)
    _Audit.told.clear()
    _Audit.on = True
    try:
        yield lambda: _emptied(_Audit.told)
    finally:
        _Audit.on = False


def _emptied(seen: list[str]) -> list[str]:
    taken, seen[:] = seen[:], []
    return taken
