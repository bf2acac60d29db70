"""Observers of steps, and of what the systems beneath the stores see."""

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

NewEvents = Callable[[], list[str]]  # returns what the system saw since its last call


class Segment(NamedTuple):
    """What the system saw under one step; under `START` what it saw before the first."""

    action: str
    seen: list[str]


START = "start"


class SegmentRecorder:
    """A driver that records, at each step, what the system saw under the one before."""

    def __init__(self, sources: list[NewEvents]) -> None:
        self._sources = sources
        self.segments = [Segment(START, [])]

    def step(self, action: str, resource: str, value: int | None) -> None:
        self.collect()
        self.segments.append(Segment(action, []))

    def saw(self, value: int | None) -> None:
        pass

    def network(self) -> None:
        pass

    def collect(self) -> None:
        for new_events in self._sources:
            self.segments[-1].seen.extend(new_events())


class Transaction:
    """The state of a session, by the statements that it sent."""

    def __init__(self, *, snapshots: set[str]) -> None:
        self._snapshots = snapshots  # BEGINs of transactions in which all reads see one state
        self._began = ""
        self._settled = False
        self._locked = ""  # a pattern for the tables whose rows are locked

    def place(self, statement: str) -> str:
        """Return the statement with the state that it meets; change the state for the next one."""
        state = self._state(statement)
        word = statement.partition(" ")[0]
        if word == "BEGIN":
            self._began = statement
            self._settled = statement == "BEGIN IMMEDIATE"
            self._locked = ".*" if self._settled else ""
        elif word in {"COMMIT", "ROLLBACK"}:
            self._began = ""
        elif self._began and word == "SELECT":
            self._settled = self._began in self._snapshots
            if locked := re.search(r"FROM (\w+) .*FOR UPDATE$", statement):
                self._locked = locked[1]
        return f"{state}: {statement}"

    def _state(self, statement: str) -> str:
        if not self._began:
            return "alone"
        word, _, rest = statement.partition(" ")
        if word == "SELECT" and self._settled:
            return "settled"
        if word in {"UPDATE", "WITH"} and self._locked and re.match(self._locked, rest):
            return "held"
        return "inside"


@contextmanager
def postgres_statements(store: Any, folder: Path) -> Iterator[NewEvents]:
    """Observe what the private server writes into its log before it executes each statement."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    from booking.servers.postgres import private_postgres

    dsn = private_postgres(durable=False)
    log = Path(str(conninfo_to_dict(dsn)["host"]), "server.log")
    sessions: dict[str, Transaction] = {}
    line = re.compile(r"\S+ \S+ UTC \[(\d+)\] LOG:  (?:statement|execute [^:]+): (.*)")

    def new_events() -> list[str]:
        nonlocal read
        with log.open("rb") as file:
            file.seek(read)
            data = file.read()
        read += len(data)
        # A statement of several lines continues behind a tab.
        logged = line.finditer(data.decode().replace("\n\t", " "))
        return [
            sessions.setdefault(
                entry[1], Transaction(snapshots={"BEGIN ISOLATION LEVEL SERIALIZABLE"})
            ).place(entry[2])
            for entry in logged
        ]

    with psycopg.connect(dsn, autocommit=True) as own:
        own.execute("ALTER ROLE booking SET log_statement = 'all'")  # of sessions from now on
        try:
            read = log.stat().st_size
            store.connect()
            yield new_events
        finally:
            own.execute("ALTER ROLE booking RESET log_statement")


@contextmanager
def redis_commands(store: Any, folder: Path) -> Iterator[NewEvents]:
    """Observe what the private server runs, up to a command of our own that marks the end."""
    import redis

    from booking.servers.valkey import private_valkey

    own = redis.Redis.from_url(private_valkey(durable=False), socket_timeout=10)
    mark = f"that was all of {folder}"

    def new_events() -> list[str]:
        own.echo(mark)
        seen = []
        queue = False
        while mark not in (command := monitor.next_command())["command"]:
            name = command["command"].partition(" ")[0]
            queue = queue and name != "EXEC"
            seen.append(f"{'queued' if queue else command['client_type']} {command['command']}")
            queue = queue or name == "MULTI"
        return seen

    try:
        own.ping()
        with own.monitor() as monitor:
            store.connect()
            yield new_events
    finally:
        own.close()
        own.connection_pool.disconnect()


@contextmanager
def sqlite_statements(store: Any, folder: Path) -> Iterator[NewEvents]:
    """Observe what the store's connection executes; `locks_and_connections` sees any other one."""
    transaction = Transaction(snapshots={"BEGIN", "BEGIN IMMEDIATE"})
    seen: list[str] = []
    store.connect()
    store.own().set_trace_callback(lambda sql: seen.append(transaction.place(sql)))
    yield lambda: _emptied(seen)


_MASK = 0x3EF  # every event in a folder, but the close of what was only read
_EVENTS = {
    0x1: "access", 0x2: "modify", 0x4: "attrib", 0x8: "close", 0x20: "open", 0x40: "from",
    0x80: "to", 0x100: "create", 0x200: "delete",
}  # fmt: skip
_HEAD = struct.Struct("iIII")


@contextmanager
def file_events(store: Any, folder: Path) -> Iterator[NewEvents]:
    """Observe what the kernel reports about the files of a folder (inotify(7)).

    It reports two equal events in a row once, and so two writes. Therefore each file is watched,
    too: what is reported of the file itself, without a name, comes in between.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)

    def watch() -> None:
        for path in (folder, *folder.iterdir()):
            assert libc.inotify_add_watch(fd, os.fsencode(path), _MASK) >= 0, ctypes.get_errno()

    def new_events() -> list[str]:
        events = _read_events(fd)
        watch()  # its own look into the folder is reported without a name
        return _joined(events)

    try:
        watch()
        yield new_events
    finally:
        os.close(fd)


def _read_events(fd: int) -> list[str]:
    events = []
    while True:
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return events
        while data:
            _, mask, _, length = _HEAD.unpack_from(data)
            if name := data[_HEAD.size : _HEAD.size + length].rstrip(b"\0").decode():
                events.append(f"{_EVENTS.get(mask, hex(mask))} {name}")
            data = data[_HEAD.size + length :]


def _joined(events: list[str]) -> list[str]:
    """Join what the kernel reports in parts: a move in two events, a swap in four."""
    text = "\n".join(events)
    text = re.sub(r"^from (\S+)\nto (\S+)$", r"move \1 \2", text, flags=re.M)
    text = re.sub(r"^move (\S+) (\S+)\nmove \2 \1$", r"swap \1 \2", text, flags=re.M)
    return text.splitlines()


class _Audit:
    """Python's audit events; a hook cannot be removed, so it is switched on and off."""

    hooked = False
    on = False
    events: list[str] = []  # noqa: RUF012 - there is one

    @classmethod
    def record(cls, event: str, args: tuple[Any, ...]) -> None:
        if not cls.on:
            return
        if event == "sqlite3.connect":
            cls.events.append(f"connect {args[0]}")
        elif event in {"fcntl.flock", "fcntl.lockf", "fcntl.fcntl"}:
            how = [word for word, bit in _HOW.items() if args[1] & bit]
            more = how if event == "fcntl.flock" else [str(arg) for arg in args[1:]]
            name = os.path.basename(os.readlink(f"/proc/self/fd/{args[0]}"))
            cls.events.append(" ".join([event.removeprefix("fcntl."), name, *more]))


_HOW = {name: getattr(fcntl, name) for name in ("LOCK_EX", "LOCK_SH", "LOCK_UN")}


@contextmanager
def locks_and_connections() -> Iterator[NewEvents]:
    """Observe the locks on files and the connections of SQLite that Python is asked for."""
    if not _Audit.hooked:
        _Audit.hooked = True
        sys.addaudithook(_Audit.record)
    _Audit.events.clear()
    _Audit.on = True
    try:
        yield lambda: _emptied(_Audit.events)
    finally:
        _Audit.on = False


def _emptied(seen: list[str]) -> list[str]:
    taken, seen[:] = seen[:], []
    return taken
