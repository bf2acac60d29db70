"""Purchase functions for free processes: ones that meet for certain, and ones that end badly.

The database is in the current folder, as are the files by which two buyers wait for each other.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from tests.support.sqlite_shop import DATABASE, conditional, left, setup, spins

__all__ = ["conditional", "left", "setup", "spins"]
BUYERS = 2
LIMIT_S = 60.0
prepared: list[int] = []
kept: list[sqlite3.Connection] = []


def meet(buyer: int) -> None:
    """Wait until every buyer has come here: no luck is needed."""
    Path(f"met-{buyer}").touch()
    end_s = time.monotonic() + LIMIT_S
    while time.monotonic() < end_s and not all(Path(f"met-{n}").exists() for n in range(BUYERS)):
        time.sleep(0.001)


def naive(buyer: int) -> bool:
    """Write what was read before the other buyer wrote."""
    with closing(sqlite3.connect(DATABASE, isolation_level=None)) as line:
        stock = line.execute("SELECT stock FROM event").fetchone()[0]
        meet(buyer)
        if stock < 1:
            return False
        line.execute("UPDATE event SET stock = ?", (stock - 1,))
        return True


def seat(buyer: int) -> str | None:
    """Take the free seat that both have seen."""
    with closing(sqlite3.connect(DATABASE, isolation_level=None)) as line:
        row = line.execute("SELECT name FROM seat WHERE buyer IS NULL ORDER BY name").fetchone()
        meet(buyer)
        if row is None:
            return None
        line.execute("UPDATE seat SET buyer = ? WHERE name = ?", (str(buyer), row[0]))
        return str(row[0])


def seats_left() -> int:
    with closing(sqlite3.connect(DATABASE)) as line:
        return int(line.execute("SELECT COUNT(*) FROM seat WHERE buyer IS NULL").fetchone()[0])


def prints() -> bool:
    print("a sale")
    return conditional()


def refuses() -> bool:
    raise RuntimeError("no card")


def prepare() -> None:
    prepared.append(os.getpid())


def prepared_only() -> bool:
    assert prepared == [os.getpid()]
    return conditional()


def fails() -> None:
    raise RuntimeError("no settings")


def first_ends_its_process(buyer: int) -> bool:
    if buyer == 0:
        os._exit(3)
    return conditional()


def leaves_a_lock() -> bool:
    """Sell nothing and say so, and hold the lock of writers for ever."""
    line = sqlite3.connect(DATABASE, isolation_level=None, timeout=0)
    with suppress(sqlite3.OperationalError):
        line.execute("BEGIN IMMEDIATE")
    kept.append(line)
    return False


def setup_at_once() -> None:
    with closing(sqlite3.connect(DATABASE, timeout=0)) as line, line:
        line.execute("CREATE TABLE IF NOT EXISTS event (stock INT)")
        line.execute("DELETE FROM event")
        line.execute("INSERT INTO event VALUES (0)")
