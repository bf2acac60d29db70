"""Purchases over PostgreSQL by roads that are covered, refused, or heard of."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import psycopg
from psycopg import Connection

TABLES = """
DROP SCHEMA public CASCADE; CREATE SCHEMA public;
CREATE TABLE event (id int PRIMARY KEY, stock int);
CREATE TABLE receipt (id serial, made text);
CREATE VIEW on_sale AS SELECT * FROM event;
CREATE FUNCTION take() RETURNS int LANGUAGE plpgsql AS $$
DECLARE s int; BEGIN
  SELECT stock INTO s FROM event; IF s < 1 THEN RETURN 0; END IF;
  UPDATE event SET stock = s - 1; RETURN 1;
END $$;
CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE event SET stock = stock - 1; RETURN NEW; END $$;
CREATE TRIGGER taken AFTER INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION taken();
"""
ready: set[int] = set()


def connect(**options: Any) -> Connection[Any]:
    return psycopg.connect(os.environ["DATABASE_URL"], **options)


def setup() -> None:
    with connect() as line:
        if os.getpid() not in ready:
            line.execute(TABLES)
            ready.add(os.getpid())
        line.execute("DELETE FROM receipt")
        line.execute("DELETE FROM event")
        line.execute("INSERT INTO event VALUES (1, 1)")


def left() -> int:
    with connect() as line:
        return int(_first(line, "SELECT stock FROM event"))


def _first(line: Connection[Any], query: str) -> Any:
    row = line.execute(query).fetchone()
    return row and row[0]


def sound(**options: Any) -> bool:
    with connect(**options) as line:
        return _taken(line)


def _taken(line: Connection[Any]) -> bool:
    return line.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1").rowcount == 1


def by_a_function() -> bool:
    with connect() as line:
        return bool(_first(line, "SELECT take()"))


def by_a_trigger() -> bool:
    with connect() as line:
        if _first(line, "SELECT stock FROM on_sale") < 1:
            return False
        line.execute("INSERT INTO receipt (made) VALUES ('now')")
        return True


def in_two_phases() -> bool:
    with connect() as line:
        line.tpc_begin(line.xid(1, f"sale {os.getpid()}", "buy"))
        stock = _first(line, "SELECT stock FROM event")
        if stock >= 1:
            line.execute("UPDATE event SET stock = 0")
        line.tpc_commit()
        return bool(stock >= 1)


def by_what_others_lock() -> bool:
    """Look into the server's own lock table: a step that every other one matters for."""
    with connect() as line:
        locks = _first(line, "SELECT count(*) FROM pg_locks WHERE relation = 'event'::regclass")
        stock = _first(line, "SELECT stock FROM event")
        if stock < 1 or locks:
            return False
        line.execute("UPDATE event SET stock = 0")
        return True


class Own(psycopg.Cursor[Any]):
    """A cursor class of the user's own."""


def by_its_own_cursor() -> bool:
    with connect(cursor_factory=Own) as line:
        stock = _first(line, "SELECT stock FROM event")
        if stock < 1:
            return False
        line.execute("UPDATE event SET stock = 0")
        return True


def saved() -> bool:
    """Roll back to a savepoint, and keep the rest."""
    with connect() as line:
        if not _taken(line):
            return False
        line.execute("SAVEPOINT here")
        line.execute("INSERT INTO receipt (made) VALUES ('now')")
        line.execute("ROLLBACK TO SAVEPOINT here")
        return True


def numbered() -> bool:
    with connect() as line:
        if _first(line, "SELECT stock FROM event FOR UPDATE") < 1:
            return False
        line.execute("INSERT INTO receipt (made) VALUES (now()::text) RETURNING id, made")
        return True


# What is not covered.


def past_psycopg() -> bool:
    with connect() as line:
        line.pgconn.exec_(b"SELECT 1")
        return _taken(line)


def in_asyncio() -> bool:
    async def taken() -> bool:
        line = await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"])
        async with line:
            cursor = await line.execute("UPDATE event SET stock = stock - 1 WHERE stock >= 1")
            return cursor.rowcount == 1

    return asyncio.run(taken())


def hears() -> bool:
    with connect(autocommit=True) as line:
        line.execute("LISTEN sales")
        list(line.notifies(timeout=0.01))
        return _taken(line)


def limited_by_options() -> bool:
    return sound(options="-c lock_timeout=10")


def limited_by_a_function() -> bool:
    with connect() as line:
        line.execute("SELECT set_config('lock_timeout', '10', false)")
        return _taken(line)


def cancels() -> bool:
    with connect() as line:
        line.cancel()
        return _taken(line)


def draws() -> bool:
    with connect() as line:
        found = line.execute("UPDATE event SET stock = stock - 1 WHERE stock > random() * 0.01")
        return found.rowcount == 1


def decides_by_the_clock() -> bool:
    with connect() as line:
        query = "UPDATE event SET stock = stock - 1 WHERE stock >= 1 AND now() > '2020-01-01'"
        return line.execute(query).rowcount == 1


def writes_a_file_of_the_server() -> bool:
    with connect() as line:
        line.execute("COPY event TO PROGRAM 'cat >/dev/null'")
        return _taken(line)


def asks_another_database() -> bool:
    other = os.environ["DATABASE_URL"].replace("/postgres?", "/template1?")
    with psycopg.connect(other) as line:
        line.execute("SELECT 1")
    return sound()


held: list[Connection[Any]] = []
if os.environ.get("SHARED"):
    held.append(connect(autocommit=True))


def buy_by_it() -> bool:
    return _taken(held[0])


def setup_by_it() -> None:
    setup()
    held[0].execute("SELECT 1")
