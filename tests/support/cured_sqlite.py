"""Wrong purchases over SQLite, and each with the cure in it that the environment names."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import Any

CURE, STATEMENT = os.environ.get("CURE", ""), os.environ.get("STATEMENT", "")
TABLES = """
DROP TABLE IF EXISTS event; DROP TABLE IF EXISTS receipt;
CREATE TABLE event (id INTEGER PRIMARY KEY, stock INT);
CREATE TABLE receipt (seat INT, buyer INT);
"""
ready: set[int] = set()


def connect() -> Any:
    return closing(sqlite3.connect("shop.db", isolation_level=None))


def setup() -> None:
    with connect() as line:
        if os.getpid() not in ready:
            line.executescript(TABLES)
            if CURE == "unique-constraint":
                line.execute(STATEMENT)
            ready.add(os.getpid())
        line.execute("DELETE FROM event")
        line.execute("DELETE FROM receipt")
        line.execute("INSERT INTO event VALUES (1, 1)")


def left() -> int:
    with connect() as line:
        return int(line.execute("SELECT stock FROM event").fetchone()[0])


def left_of_receipts() -> int:
    with connect() as line:
        return int(line.execute("SELECT 1 - count(*) FROM receipt").fetchone()[0])


def begin(line: Any) -> None:
    line.execute(STATEMENT if CURE == "begin-immediate" else "SELECT 1")


def commit(line: Any) -> None:
    if line.in_transaction:
        line.execute("COMMIT")


def computed() -> bool:
    with connect() as line:
        if CURE == "conditional-update":
            return bool(line.execute(STATEMENT, (1,)).rowcount == 1)
        begin(line)
        stock = line.execute("SELECT stock FROM event WHERE id = ?", (1,)).fetchone()[0]
        if stock >= 1:
            line.execute("UPDATE event SET stock = ? WHERE id = ?", (stock - 1, 1))
        commit(line)
        return bool(stock >= 1)


def looked_up(buyer: int) -> str | None:
    with connect() as line:
        begin(line)
        found = line.execute("SELECT buyer FROM receipt WHERE seat = ?", (1,)).fetchone()
        if found is None:
            line.execute("INSERT INTO receipt (seat, buyer) VALUES (?, ?)", (1, buyer))
        commit(line)
        return None if found else "1"


def unchecked() -> bool | None:
    with connect() as line:
        cursor = line.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1")
        if cursor.rowcount != 1 and CURE == "check-rowcount":
            return None
        return True


def read_outside() -> bool:
    with connect() as line:
        steps = ["SELECT stock FROM event", "BEGIN IMMEDIATE"]
        if CURE == "read-inside-lock":
            steps = STATEMENT.split("; ")
        told = [line.execute(step).fetchone() for step in steps]
        stock = told[steps.index("SELECT stock FROM event")][0]
        if stock >= 1:
            line.execute("UPDATE event SET stock = ?", (stock - 1,))
        line.execute("COMMIT")
        return bool(stock >= 1)
