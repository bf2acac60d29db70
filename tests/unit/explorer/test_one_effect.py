"""More than one effect under a step is never a proof: others can come between."""

from __future__ import annotations

import sys

import pytest

from booking.core.verdict import Outcome
from booking.explorer.client_monitor import commands
from booking.explorer.sql_session import SqlSession
from booking.servers.postgres import private_postgres
from booking.servers.valkey import private_valkey
from tests.support.explorations import explored
from tests.support.variants import STORES

KINDS = "tests.support.two_effects"
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")


def outcome(name: str, guard: str = "atomic") -> tuple[Outcome, str]:
    proof = explored(2, 2, store=f"{KINDS}:{name}", guard=guard)
    return proof.exploration.outcome, proof.reason


@pytest.mark.parametrize("name", ["Alone", "ImplicitTransaction", "DeferredTransaction"])
def test_two_statements_under_one_step_are_a_doubt(name: str) -> None:
    """The line of the second is named, and both statements."""
    found, reason = outcome(name)
    assert found is Outcome.UNKNOWN
    assert "two_effects.py" in reason
    assert "two effects under one step, SELECT remaining" in reason
    assert "UPDATE booking_inventory" in reason


def test_a_statement_that_is_run_for_many_rows_counts() -> None:
    """The answer is read by a second statement, when others have taken tickets, too."""
    found, reason = outcome("TwoCommits")
    assert found is Outcome.UNKNOWN
    assert "two effects under one step, UPDATE" in reason


def test_a_connection_that_cannot_be_watched_is_a_doubt() -> None:
    """What is not counted is not taken for one effect."""
    found, reason = outcome("Constructed")
    assert found is Outcome.UNKNOWN
    assert "can't be watched" in reason


@pytest.mark.parametrize("name", ["ImmediateTransaction", "Returning"])
def test_one_effect_in_several_statements_is_proved(name: str) -> None:
    """A transaction that takes its lock first excludes all others until its end."""
    assert outcome(name)[0] is Outcome.VALID


@linux
def test_two_writes_in_a_row_are_told_apart() -> None:
    """The kernel reports equal events in a row once; one buyer alone shows it."""
    proof = explored(1, 2, store=f"{KINDS}:Emptied", guard="atomic")
    assert proof.exploration.outcome is Outcome.UNKNOWN
    assert "step take shop.bin: writes shop.bin twice" in proof.reason


@linux
@pytest.mark.parametrize("name, what", [("KeptOpen", "reads and writes"), ("Mapped", "maps")])
def test_a_file_that_stays_open_is_watched(name: str, what: str) -> None:
    """No audit event tells of it: the kernel does."""
    found, reason = outcome(name)
    assert found is Outcome.UNKNOWN
    assert what in reason


@linux
def test_a_file_that_stays_open_is_no_doubt_by_itself() -> None:
    """Reads and writes under steps of their own, and a lock around them."""
    proof = explored(2, 2, store=f"{KINDS}:KeptOpen", lock="flock")
    assert proof.exploration.outcome is Outcome.VALID, proof.reason
    assert explored(2, 2, store=f"{KINDS}:KeptOpen").exploration.outcome is Outcome.INVALID


@pytest.mark.skipif("postgres" not in STORES, reason="no server")
def test_statements_of_a_server_are_counted() -> None:
    """In PostgreSQL, by its driver."""
    private_postgres(durable=False)
    found, reason = outcome("Postgres")
    assert found is Outcome.UNKNOWN
    assert "two effects under one step, SELECT" in reason
    assert outcome("PostgresTransaction")[0] is Outcome.VALID


@pytest.mark.skipif("redis" not in STORES, reason="no server")
def test_commands_of_a_server_are_counted() -> None:
    """In Valkey, by its client."""
    private_valkey(durable=False)
    found, reason = outcome("Redis")
    assert found is Outcome.UNKNOWN
    assert "two effects under one step, GET and DECRBY" in reason
    for guard in ("atomic", "optimistic", "pool", "shards"):
        assert outcome("RedisPlain", guard)[0] is Outcome.VALID, guard


def test_the_drivers_are_left_as_they_were() -> None:
    """What is wrapped for an exploration is unwrapped behind it."""
    import sqlite3

    before = sqlite3.connect
    outcome("Returning")
    assert sqlite3.connect is before
    assert sqlite3.dbapi2.connect is before


SESSIONS = [
    (True, "SELECT 1 FROM t; UPDATE t", 2),
    (True, "BEGIN IMMEDIATE; SELECT 1 FROM t; UPDATE t; COMMIT", 1),
    (True, "BEGIN; UPDATE t; SELECT 1 FROM t; COMMIT", 1),
    (True, "BEGIN; SELECT 1 FROM t; SELECT 2 FROM t; COMMIT", 1),
    (True, "BEGIN; SELECT 1 FROM t; UPDATE t; ROLLBACK", 2),
    (True, "BEGIN; UPDATE t; COMMIT; UPDATE t", 2),
    (True, "PRAGMA x; SELECT 1; -- a trigger; UPDATE t", 1),
    (True, "WITH x AS (SELECT 1) UPDATE t; with x as (select 1) select 1 from x", 2),
    (False, "BEGIN; SELECT 1 FROM t FOR UPDATE; UPDATE t; COMMIT", 1),
    (False, "BEGIN; SELECT 1 FROM t; SELECT 1 FROM t; COMMIT", 2),
    (False, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM t; SELECT 1 FROM t; COMMIT", 1),
    (False, "SELECT pg_advisory_lock(1); SELECT 1 FROM t", 2),
    (True, "BEGIN IMMEDIATE / SELECT 1 FROM t / UPDATE t / COMMIT", 2),
    (True, "BEGIN; SELECT 1 FROM t / UPDATE t; ROLLBACK TO x / COMMIT", 3),
]


@pytest.mark.parametrize("snapshots, statements, effects", SESSIONS)
def test_what_of_a_session_is_an_effect(snapshots: bool, statements: str, effects: int) -> None:
    """Statements under one step are parted by `;`, steps by `/`."""
    session = SqlSession(snapshots=snapshots)
    found = [
        session.is_effect(statement, segment)
        for segment, text in enumerate(statements.split("/"))
        for statement in text.split(";")
    ]
    assert sum(found) == effects


def test_the_commands_of_a_request_are_told_apart() -> None:
    """A pipeline sends several at once."""
    request = b"*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nget\r\n$1\r\nx\r\n*1\r\n$4\r\nEXEC\r\n"
    assert list(commands(request)) == ["MULTI", "GET", "EXEC"]
