"""Wrong purchases over PostgreSQL, and each with the cure in it that the environment names."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from psycopg import Connection

CURE, STATEMENT = os.environ.get("CURE", ""), os.environ.get("STATEMENT", "")
TABLES = """
DROP TABLE IF EXISTS event, seat, receipt;
CREATE TABLE event (id int PRIMARY KEY, stock int, capacity int);
CREATE TABLE seat (id int PRIMARY KEY, buyer int);
CREATE TABLE receipt (seat int, buyer int);
"""
FREE = "SELECT id FROM seat WHERE buyer IS NULL ORDER BY id LIMIT 1"
ready: set[int] = set()


def connect(**options: Any) -> Connection[Any]:
    return psycopg.connect(os.environ["DATABASE_URL"], **options)


def setup() -> None:
    with connect() as line:
        if os.getpid() not in ready:
            line.execute(TABLES)
            if CURE == "unique-constraint":
                line.execute(STATEMENT)
            ready.add(os.getpid())
        for table in ("event", "seat", "receipt"):
            line.execute(f"DELETE FROM {table}")
        line.execute("INSERT INTO event VALUES (1, 1, 1)")
        line.execute("INSERT INTO seat VALUES (1, NULL), (2, NULL)")


def number(query: str) -> int:
    with connect() as line:
        return int(line.execute(query).fetchone()[0])  # type: ignore[index]


def left() -> int:
    return number("SELECT stock FROM event")


def left_of_two() -> int:
    return number("SELECT count(*) FROM seat WHERE buyer IS NULL")


def left_of_receipts() -> int:
    return number("SELECT 1 - count(*) FROM receipt")


def first(line: Connection[Any], query: str, *values: Any) -> Any:
    row = line.execute(query, values).fetchone()
    return row and row[0]


def computed() -> bool:
    with connect() as line:
        if CURE == "conditional-update":
            return line.execute(STATEMENT, (1,)).rowcount == 1
        if CURE == "serializable":
            line.execute(STATEMENT)
        query = STATEMENT if CURE == "for-update" else "SELECT stock FROM event WHERE id = %s"
        stock = first(line, query, 1)
        if stock < 1:
            return False
        line.execute("UPDATE event SET stock = %s WHERE id = %s", (stock - 1, 1))
        return True


def chosen(buyer: int) -> str | None:
    """Take the seat that was seen first, whatever buyer has it by now."""
    while True:
        with connect() as line:
            if CURE == "serializable":
                line.execute(STATEMENT)
            seat = first(line, STATEMENT if CURE == "for-update" else FREE)
            if seat is None:
                return None
            query = "UPDATE seat SET buyer = %s WHERE id = %s"
            query = STATEMENT if CURE == "conditional-update" else query
            if line.execute(query, (buyer, seat)).rowcount == 1:
                return str(seat)


def chosen_inside(buyer: int) -> str | None:
    query = f"UPDATE seat SET buyer = %s WHERE id = ({FREE}) RETURNING id"
    with connect() as line:
        seat = first(line, STATEMENT if CURE == "skip-locked" else query, buyer)
        return None if seat is None else str(seat)


def chosen_once(buyer: int) -> str | None:
    """Look once: a seat that was taken while it waited leaves the other one unsold."""
    query = f"UPDATE seat SET buyer = %s WHERE id = ({FREE}) AND buyer IS NULL RETURNING id"
    with connect() as line:
        seat = first(line, STATEMENT or query, buyer)
        while seat is None and CURE == "try-again" and first(line, FREE) is not None:
            seat = first(line, STATEMENT, buyer)
        return None if seat is None else str(seat)


def _counted(parent: str = "") -> bool:
    """Count the receipts, and write one more."""
    with connect() as line:
        if CURE == "serializable":
            line.execute(STATEMENT)
        if CURE == "parent-lock" and not parent:
            line.execute(STATEMENT)
        capacity = (
            first(line, STATEMENT if CURE == "parent-lock" and parent else parent) if parent else 1
        )
        if first(line, "SELECT count(*) FROM receipt") >= capacity:
            return False
        line.execute("INSERT INTO receipt (buyer) VALUES (%s)", (1,))
        return True


def counted() -> bool:
    return _counted()


def counted_by_event() -> bool:
    return _counted("SELECT capacity FROM event WHERE id = 1")


def looked_up(buyer: int) -> str | None:
    """Look whether the seat has a receipt, and write one."""
    with connect() as line:
        if CURE == "serializable":
            line.execute(STATEMENT)
        if CURE == "parent-lock":
            line.execute(STATEMENT)
        if first(line, "SELECT buyer FROM receipt WHERE seat = %s", 1) is not None:
            return None
        line.execute("INSERT INTO receipt (seat, buyer) VALUES (%s, %s)", (1, buyer))
        return "1"


def unchecked() -> bool | None:
    with connect() as line:
        cursor = line.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1")
        if cursor.rowcount != 1 and CURE == "check-rowcount":
            return None
        return True


def in_two_transactions() -> bool:
    with connect(autocommit=True) as line:
        if CURE == "one-transaction":
            line.execute(STATEMENT)
        stock = first(line, "SELECT stock FROM event WHERE id = %s FOR UPDATE", 1)
        if stock >= 1:
            line.execute("UPDATE event SET stock = %s WHERE id = %s", (stock - 1, 1))
        if CURE == "one-transaction":
            line.execute("COMMIT")
        return bool(stock >= 1)


def unlocked_early() -> bool:
    with connect(autocommit=True) as line:
        line.execute("SELECT pg_advisory_lock(7)")
        line.execute("BEGIN")
        stock = first(line, "SELECT stock FROM event WHERE id = %s", 1)
        if stock >= 1:
            line.execute("UPDATE event SET stock = %s WHERE id = %s", (stock - 1, 1))
        ends = (
            STATEMENT.split("; ")
            if CURE == "unlock-after-commit"
            else ["SELECT pg_advisory_unlock(7)", "COMMIT"]
        )
        for end in ends:
            line.execute(end)
        return bool(stock >= 1)


def read_outside() -> bool:
    with connect() as line:
        steps = ["SELECT stock FROM event", "SELECT pg_advisory_xact_lock(7)"]
        if CURE == "read-inside-lock":
            steps = STATEMENT.split("; ")
        told = [first(line, step) for step in steps]
        stock = told[steps.index("SELECT stock FROM event")]
        if stock >= 1:
            line.execute("UPDATE event SET stock = %s", (stock - 1,))
        return bool(stock >= 1)
