"""Purchase functions over PostgreSQL with `psycopg` that announce nothing: right and wrong ways."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel

TABLES = """
DROP TABLE IF EXISTS event, seat, receipt; DROP SEQUENCE IF EXISTS number;
CREATE TABLE event (id int PRIMARY KEY, stock int);
CREATE TABLE seat (id int PRIMARY KEY, buyer int);
CREATE TABLE receipt (id int PRIMARY KEY, buyer int);
CREATE SEQUENCE number;
"""
ready: set[int] = set()
kept: list[Any] = []


def connect(**options: Any) -> Connection[Any]:
    return psycopg.connect(os.environ["DATABASE_URL"], **options)


def setup() -> None:
    with connect() as line:
        if os.getpid() not in ready:
            line.execute(TABLES)
            ready.add(os.getpid())
        for table in ("event", "seat", "receipt"):
            line.execute(f"DELETE FROM {table}")
        line.execute("INSERT INTO event VALUES (1, 1), (2, 1)")
        line.execute("INSERT INTO seat VALUES (1, NULL), (2, NULL)")


def left() -> int:
    with connect() as line:
        return int(line.execute("SELECT min(stock) FROM event").fetchone()[0])  # type: ignore[index]


def seats_left() -> int:
    with connect() as line:
        found = line.execute("SELECT count(*) FROM seat WHERE buyer IS NULL").fetchone()
        return int(found[0])  # type: ignore[index]


def _read_and_write(line: Connection[Any], how: str = "") -> bool:
    row = line.execute(f"SELECT stock FROM event WHERE id = 1 {how}").fetchone()
    assert row is not None
    if row[0] < 1:
        return False
    line.execute("UPDATE event SET stock = %s", (row[0] - 1,))
    return True


def naive() -> bool:
    with connect() as line:
        return _read_and_write(line)


def for_update() -> bool:
    with connect() as line:
        return _read_and_write(line, "FOR UPDATE")


def nowait() -> bool:
    with connect() as line:
        return _read_and_write(line, "FOR UPDATE NOWAIT")


def serializable() -> bool:
    with connect() as line:
        line.isolation_level = IsolationLevel.SERIALIZABLE
        return _read_and_write(line)


def conditional(**options: Any) -> bool:
    with connect(**options) as line:
        return line.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1").rowcount == 2


def autocommitted() -> bool:
    return conditional(autocommit=True)


def transaction_block() -> bool:
    """BEGIN, SAVEPOINT, RELEASE and COMMIT are sent past the cursor."""
    with connect(autocommit=True) as line, line.transaction(), line.transaction():
        return _read_and_write(line, "FOR UPDATE")


def naive_block() -> bool:
    with connect(autocommit=True) as line, line.transaction(), line.transaction():
        return _read_and_write(line)


def advisory() -> bool:
    with connect() as line:
        line.execute("SELECT pg_advisory_xact_lock(7)")
        return _read_and_write(line)


def advisory_session() -> bool:
    """Lock and unlock around two transactions."""
    with connect(autocommit=True) as line:
        line.execute("SELECT pg_advisory_lock(7)")
        sold = _read_and_write(line)
        line.execute("SELECT pg_advisory_unlock(7)")
        return sold


def crossed(buyer: int) -> bool:
    """Take from both events, in another order than the other buyer: deadlocks."""
    with connect() as line:
        for event in (1, 2) if buyer == 0 else (2, 1):
            taken = "UPDATE event SET stock = stock - 1 WHERE id = %s AND stock >= 1"
            if line.execute(taken, (event,)).rowcount != 1:
                line.rollback()
                return False
        return True


FREE = "SELECT id FROM seat WHERE buyer IS NULL ORDER BY id LIMIT 1"


def seat(buyer: int, how: str = "") -> str | None:
    with connect() as line:
        found = line.execute(
            f"UPDATE seat SET buyer = %s WHERE id = ({FREE} {how}) RETURNING id", (buyer,)
        ).fetchone()
        return found and f"seat {found[0]}"


def seat_skip_locked(buyer: int) -> str | None:
    return seat(buyer, "FOR UPDATE SKIP LOCKED")


def left_open() -> bool:
    """Return without COMMIT: the connection is rolled back, and nothing is sold."""
    line = connect()
    _read_and_write(line, "FOR UPDATE")
    return False


def keeps_its_transaction() -> bool:
    kept.append(connect())
    kept[-1].execute("UPDATE event SET stock = stock - 1")
    return True


def numbered() -> bool:
    """A sequence does not roll back; the number is part of what the code is told."""
    with connect() as line:
        line.execute("SELECT nextval('number')").fetchone()
        return _read_and_write(line, "FOR UPDATE")


def server_cursor() -> bool:
    with connect() as line:
        with line.cursor("stock") as cursor:
            cursor.execute("SELECT stock FROM event WHERE id = 1 FOR UPDATE")
            stock = cursor.fetchone()[0]
        if stock < 1:
            return False
        line.execute("UPDATE event SET stock = %s", (stock - 1,))
        return True


# What is not covered.


def several_rows() -> bool:
    with connect() as line:
        taken = "UPDATE event SET stock = stock - 1 WHERE id = %s AND stock >= 1"
        cursor = line.cursor()
        cursor.executemany(taken, [(1,), (2,)])
        return cursor.rowcount > 0


def several_statements() -> bool:
    with connect() as line:
        line.execute("UPDATE event SET stock = 0; SELECT 1")
        return True


def copies() -> bool:
    with connect() as line, line.cursor().copy("COPY event TO STDOUT") as rows:
        return bool(list(rows))


def streams() -> bool:
    with connect() as line:
        return bool(list(line.cursor().stream("SELECT stock FROM event")))


def pipelined() -> bool:
    with connect() as line, line.pipeline():
        line.execute("UPDATE event SET stock = stock - 1")
        return True


def time_limited() -> bool:
    with connect() as line:
        line.execute("SET lock_timeout = '10ms'")
        return _read_and_write(line, "FOR UPDATE")


def waits_for_itself() -> bool:
    with connect() as one, connect() as other:
        _read_and_write(one, "FOR UPDATE")
        return _read_and_write(other, "FOR UPDATE")


held: list[Connection[Any]] = []


def setup_left_open() -> None:
    """Leave a transaction open that locks what buyers need."""
    if held and not held[-1].closed:
        held[-1].rollback()
    setup()
    if not held or held[-1].closed:
        held.append(connect())
    held[-1].execute("UPDATE event SET stock = stock")
