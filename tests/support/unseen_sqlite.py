"""Purchases over SQLite that do something which an exploration does not see, or cannot decide.

Each of them is sound in most executions, and a few are unsound by what is unseen.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
import random
import signal
import socket
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from typing import Any

TABLES = """
DROP TABLE IF EXISTS event; DROP TABLE IF EXISTS receipt;
CREATE TABLE event (stock INT);
CREATE TABLE receipt (id INTEGER PRIMARY KEY AUTOINCREMENT, made TEXT);
INSERT INTO event VALUES (1);
"""
RARELY = 100


def connect() -> Any:
    return closing(sqlite3.connect("shop.db", isolation_level=None))


def setup() -> None:
    with connect() as line:
        line.executescript(TABLES)


def left() -> int:
    with connect() as line:
        return int(line.execute("SELECT stock FROM event").fetchone()[0])


def sound() -> bool:
    with connect() as line:
        return _taken(line)


def _taken(line: Any) -> bool:
    found = line.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1")
    return bool(found.rowcount == 1)


def unsound() -> bool:
    with connect() as line:
        stock = line.execute("SELECT stock FROM event").fetchone()[0]
        line.execute("UPDATE event SET stock = ?", (stock - 1,))
        return bool(stock >= 1)


def _seldom(number: int) -> bool:
    return unsound() if number % RARELY == 1 else sound()


# Chance, and the clock.


def draws() -> bool:
    return _seldom(random.randrange(10**9))


def draws_of_the_system() -> bool:
    return _seldom(random.SystemRandom().getrandbits(30))


def draws_bytes() -> bool:
    return _seldom(int.from_bytes(os.urandom(4), "big"))


def reads_the_clock() -> bool:
    return _seldom(time.time_ns())


def reads_the_date() -> bool:
    return _seldom(datetime.now().microsecond)


def draws_in_sql() -> bool:
    with connect() as line:
        return _seldom(line.execute("SELECT abs(random())").fetchone()[0])


def decides_by_the_clock_of_sql() -> bool:
    with connect() as line:
        query = "SELECT count(*) FROM event WHERE strftime('%f', 'now') < '0.1'"
        return _seldom(line.execute(query).fetchone()[0])


# The library, past what is replaced.


def makes_its_cursor() -> bool:
    with connect() as line:
        return _taken(sqlite3.Cursor(line))


def makes_its_connection() -> bool:
    with closing(sqlite3.Connection("shop.db", isolation_level=None)) as line:
        return _taken(line)


def connects_below() -> bool:
    with closing(_sqlite3.connect("shop.db", isolation_level=None)) as line:
        return _taken(line)


def runs_a_script() -> bool:
    with connect() as line:
        line.executescript("BEGIN IMMEDIATE; UPDATE event SET stock = stock - 1; COMMIT")
    return True


def commits_each_row() -> bool:
    with connect() as line:
        taken = "UPDATE event SET stock = stock - ? WHERE stock >= 1"
        return bool(line.executemany(taken, [(1,), (0,)]).rowcount > 0)


def commits_each_row_by_default() -> bool:
    """With `autocommit` of Python 3.12 no transaction is begun."""
    with closing(sqlite3.connect("shop.db", autocommit=True)) as line:  # type: ignore[call-arg]
        line.executemany("UPDATE event SET stock = stock - ?", [(1,), (0,)])
    return True


def _looked(line: Any, sold: list[int]) -> Iterator[tuple[int]]:
    for _ in range(2):
        sold.append(min(1, line.execute("SELECT stock FROM event").fetchone()[0]))
        yield (sold[-1],)


def makes_rows_by_statements() -> int:
    sold: list[int] = []
    with closing(sqlite3.connect("shop.db")) as line, line:
        line.executemany("UPDATE event SET stock = stock - ?", _looked(line, sold))
    return sum(sold)


def calls_back() -> bool:
    with connect() as line:
        line.create_function("note", 0, lambda: 1)
        line.execute("SELECT note()").fetchone()
    return sound()


# Effects beside it.


def forks() -> bool:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return sound()


def spawns() -> bool:
    os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
    return sound()


def calls_c() -> bool:
    ctypes.CDLL(None).getpid()
    return sound()


def sends() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line, suppress(OSError):
        line.sendto(b"sold", ("127.0.0.1", 9))
    return sound()


def signals() -> bool:
    os.kill(os.getpid(), signal.SIGCONT)
    return sound()


def fails_alone(buyer: int) -> bool:
    if buyer == 1:
        raise TypeError("no such buyer")
    return sound()


# What is well seen.


def stores_when_and_which() -> bool:
    with connect() as line:
        made = str(uuid.uuid4())
        line.execute("INSERT INTO receipt (made) VALUES (?)", (made,))
        line.execute("INSERT INTO receipt (made) VALUES (datetime('now'))")
        line.execute("SELECT made FROM receipt").fetchall()
    return sound()


def sleeps_first() -> bool:
    time.sleep(1.0)
    return sound()


def one_sleeps_first(buyer: int) -> bool:
    if buyer == 1:
        time.sleep(1.0)
    return sound()


def writes_rows_at_once() -> bool:
    """Use all rows in one transaction; when it is refused, none of the iterator may be lost."""
    with closing(sqlite3.connect("shop.db")) as line, line:
        taken = "UPDATE event SET stock = stock - ? WHERE stock >= 1"
        return line.executemany(taken, iter([(1,), (0,)])).rowcount > 0


# What no call can carry out.


async def is_async() -> bool:
    return sound()


def is_a_generator() -> Iterator[bool]:
    yield sound()
