"""Purchase functions over SQLite that announce nothing: right ways, and the wrong ways of people.

The database is in the current folder. `TICKETS` may be another number.
"""

from __future__ import annotations

import io
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from itertools import count
from types import ModuleType

DATABASE = "shop.db"
TICKETS = int(os.environ.get("TICKETS", "1"))
calls = count(1)
lines: list[socket.socket] = []


def setup() -> None:
    with closing(sqlite3.connect(DATABASE)) as line, line:
        line.execute("CREATE TABLE IF NOT EXISTS event (stock INT)")
        line.execute("CREATE TABLE IF NOT EXISTS seat (name TEXT, buyer TEXT)")
        line.execute("DELETE FROM event")
        line.execute("DELETE FROM seat")
        line.execute("INSERT INTO event VALUES (?)", (TICKETS,))
        line.executemany("INSERT INTO seat VALUES (?, NULL)", [("A1",), ("A2",)])


def left() -> int:
    with closing(sqlite3.connect(DATABASE)) as line:
        return int(line.execute("SELECT stock FROM event").fetchone()[0])


def seats_left() -> int:
    with closing(sqlite3.connect(DATABASE)) as line:
        return int(line.execute("SELECT COUNT(*) FROM seat WHERE buyer IS NULL").fetchone()[0])


def naive() -> bool:
    with closing(sqlite3.connect(DATABASE)) as line:
        stock = line.execute("SELECT stock FROM event").fetchone()[0]
        if stock < 1:
            return False
        line.execute("UPDATE event SET stock = ?", (stock - 1,))
        line.commit()
        return True


def conditional() -> bool:
    with closing(sqlite3.connect(DATABASE)) as line, line:
        found = line.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1")
        return found.rowcount == 1


def immediate() -> bool:
    with closing(sqlite3.connect(DATABASE, isolation_level=None)) as line:
        line.execute("BEGIN IMMEDIATE")
        stock = line.execute("SELECT stock FROM event").fetchone()[0]
        if stock >= 1:
            line.execute("UPDATE event SET stock = ?", (stock - 1,))
        line.execute("COMMIT")
        return bool(stock >= 1)


def deferred() -> bool:
    with closing(sqlite3.connect(DATABASE, isolation_level=None)) as line:
        line.execute("BEGIN")
        stock = line.execute("SELECT stock FROM event").fetchone()[0]
        if stock >= 1:
            line.execute("UPDATE event SET stock = ?", (stock - 1,))
        line.execute("COMMIT")
        return bool(stock >= 1)


def seat(buyer: int) -> str | None:
    """Take the first free seat that was seen, whatever buyer has it by now."""
    with closing(sqlite3.connect(DATABASE)) as line, line:
        row = line.execute("SELECT name FROM seat WHERE buyer IS NULL ORDER BY name").fetchone()
        if row is None:
            return None
        line.execute("UPDATE seat SET buyer = ? WHERE name = ?", (str(buyer), row[0]))
        return str(row[0])


def seat_if_free(buyer: int) -> str | None:
    with closing(sqlite3.connect(DATABASE)) as line, line:
        found = line.execute(
            "UPDATE seat SET buyer = ? WHERE name = (SELECT name FROM seat WHERE buyer IS NULL"
            " ORDER BY name LIMIT 1) AND buyer IS NULL RETURNING name", (str(buyer),),
        ).fetchone()  # fmt: skip
        return found and str(found[0])


def waits_for_another() -> bool:
    """Poll until the stock is another than at first, or has been seen three times."""
    for _ in range(3):
        if conditional():
            return True
        time.sleep(1.0)
    return False


def fails_before() -> bool:
    raise RuntimeError("no card")


def fails_behind() -> bool:
    conditional()
    raise RuntimeError("no mail")


def counts_calls() -> bool:
    """State that stays in the process: the second execution does another thing."""
    with closing(sqlite3.connect(DATABASE)) as line:
        line.execute("SELECT stock, ? FROM event", (next(calls),)).fetchone()
    return conditional()


def starts_a_program() -> bool:
    subprocess.run(["true"], check=True)
    return conditional()


def starts_a_thread() -> bool:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return conditional()


def writes_a_file() -> bool:
    with io.FileIO("sold.txt", "a") as file:
        file.write(b"1\n")
    return conditional()


def imports_a_driver() -> bool:
    sys.modules["pymysql"] = ModuleType("pymysql")  # as an import would
    return conditional()


def sells_without_a_step() -> bool:
    return True


def connects_once() -> bool:
    """Keep a connection of its own open, as a pool does: only the first purchase connects."""
    if not lines:
        line = socket.socket(socket.AF_UNIX)
        with suppress(OSError):
            line.connect("no.socket")
        lines.append(line)
    return conditional()


def attaches() -> bool:
    with closing(sqlite3.connect(DATABASE)) as line:
        line.execute("ATTACH 'other.db' AS other")
    return conditional()


def naive_by_two_names(buyer: int) -> bool:
    """One buyer opens the file by a URI: it is the same database."""
    name = f"file:{DATABASE}?mode=rw" if buyer else DATABASE
    with closing(sqlite3.connect(name, uri=bool(buyer))) as line:
        stock = line.execute("SELECT stock FROM event").fetchone()[0]
        if stock < 1:
            return False
        line.execute("UPDATE event SET stock = ?", (stock - 1,))
        line.commit()
        return True


class Mine(sqlite3.Connection):
    """A connection class of the user's own."""


def connects_its_own_way() -> bool:
    with closing(sqlite3.connect(DATABASE, factory=Mine)) as line, line:
        found = line.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1")
        return found.rowcount == 1


def spins() -> bool:
    while True:
        pass


def ends_its_process() -> bool:
    os._exit(3)


def never_below_zero() -> bool:
    return left() >= 0


def one_seat_is_free() -> bool:
    assert seats_left() == 1, "one seat must stay free"
    return True
