"""What an exploration does not see is never a proof: each purchase provokes one `unknown`."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.conftest import ROOT, Program

SQLITE, POSTGRES, SHARED = (
    f"tests.support.unseen_{name}" for name in ("sqlite", "postgres", "shared")
)
CHANCE, CLOCK = "draws a random number", "reads the clock"
UNSEEN = {
    "draws": CHANCE,
    "draws_of_the_system": CHANCE,
    "draws_bytes": CHANCE,
    "draws_in_sql": CHANCE,
    "reads_the_clock": CLOCK,
    "reads_the_date": CLOCK,
    "decides_by_the_clock_of_sql": CLOCK,
    "makes_its_cursor": "a statement of sqlite3 past the interceptor",
    "makes_its_connection": "opens a SQLite database past the interceptor",
    "connects_below": "opens a SQLite database past the interceptor",
    "runs_a_script": "executescript of several statements",
    "commits_each_row": "executemany that commits each row",
    "makes_rows_by_statements": "executemany whose rows are made by statements",
    "calls_back": "create_function",
    "forks": "forks",
    "spawns": "starts a program",
    "calls_c": "calls a C library",
    "sends": "sends to",
    "signals": "sends a signal",
    "fails_alone": "buyer 1 was never answered",
}
if sys.version_info >= (3, 12):  # which has `autocommit`
    UNSEEN["commits_each_row_by_default"] = "executemany that commits each row"
QUICK = {"draws", "reads_the_date", "makes_its_cursor", "draws_in_sql"}
SEEN = ["stores_when_and_which", "sleeps_first", "one_sleeps_first", "writes_rows_at_once"]
UNSEEN_POSTGRES = {
    "past_psycopg": "calls libpq past psycopg",
    "in_asyncio": "AsyncConnection is not covered",
    "in_two_phases": "past an intercepted statement",
    "hears": "past an intercepted statement",
    "limited_by_options": "a time limit inside the server",
    "limited_by_a_function": "a time limit inside the server",
    "cancels": "cancel of psycopg",
    "draws": CHANCE,
    "decides_by_the_clock": CLOCK,
    "writes_a_file_of_the_server": "COPY",
    "asks_another_database": "a PostgreSQL database that --setup did not use",
}
DECIDED_POSTGRES = {
    "sound": "valid",
    "saved": "valid",
    "numbered": "valid",
    "by_a_function": "invalid",
    "by_a_trigger": "invalid",
    "by_what_others_lock": "invalid",
    "by_its_own_cursor": "invalid",
}


def explored(
    program: Program, shop: str, behaviour: str, *more: str, setup: str = "setup", **others: str
) -> dict[str, Any]:
    server = ("--with", "postgres") if shop == POSTGRES else ()
    done = program(
        "explore", "--behaviour", f"{shop}:{behaviour}", "--setup", f"{shop}:{setup}",
        "--check", f"{shop}:left", *server, "--json", *more, PYTHONPATH=str(ROOT), **others,
    )  # fmt: skip
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.sweep(usual=lambda name: name in QUICK)
@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_unseen_is_named_with_its_line(program: Program, name: str) -> None:
    """Chance, the clock, roads past the interceptor, effects beside it."""
    proof = explored(program, SQLITE, name)
    assert proof["verdict"] != "valid"
    heard = [one for one in [*proof["caveats"], proof["reason"]] if UNSEEN[name] in one]
    assert heard, proof
    assert "unseen_sqlite.py:" in heard[0] or name == "fails_alone"


@pytest.mark.sweep(usual=lambda name: name == "stores_when_and_which")
@pytest.mark.parametrize("name", SEEN)
def test_what_means_nothing_is_no_reason_to_doubt(program: Program, name: str) -> None:
    """The present time and a UUID that are stored; a sleep before the first statement."""
    proof = explored(program, SQLITE, name)
    assert (proof["verdict"], proof["caveats"]) == ("valid", [])


@pytest.mark.sweep(usual=lambda name: name in {"in_asyncio", "limited_by_options"})
@pytest.mark.parametrize("name", UNSEEN_POSTGRES)
def test_what_is_unseen_of_postgresql_is_named(program: Program, name: str) -> None:
    proof = explored(program, POSTGRES, name)
    assert proof["verdict"] != "valid"
    assert any(UNSEEN_POSTGRES[name] in caveat for caveat in proof["caveats"]), proof


@pytest.mark.sweep(usual=lambda name: name == "by_what_others_lock")
@pytest.mark.parametrize("name", DECIDED_POSTGRES)
def test_roads_to_the_server_that_are_covered(program: Program, name: str) -> None:
    """Functions, triggers, two phases, savepoints, own cursors, and the server's own tables."""
    proof = explored(program, POSTGRES, name)
    assert (proof["verdict"], proof["caveats"]) == (DECIDED_POSTGRES[name], [])


@pytest.mark.sweep(usual=lambda what: what == "value")
@pytest.mark.parametrize("what", ["file", "pipe", "memory", "value", "log"])
def test_what_buyers_share_since_import_is_named(program: Program, what: str) -> None:
    """A process that is forked has the same open files and memory; a log is only appended to."""
    proof = explored(program, SHARED, "buy", SHARED=what)
    assert proof["verdict"] == ("valid" if what == "log" else "unknown")
    told = " ".join(proof["caveats"])
    assert ("is shared by all buyers since import" in told) == (what != "log")


@pytest.mark.sweep(usual=lambda shop, setup: (shop, setup) == (SHARED, "setup"))
@pytest.mark.parametrize("shop", [SHARED, POSTGRES])
@pytest.mark.parametrize("setup", ["setup", "setup_by_it"])
def test_a_connection_of_import_is_refused_with_a_hint(
    program: Program, shop: str, setup: str
) -> None:
    """It is closed before the buyers are forked: `--setup` and purchases say what to do."""
    found = explored(program, shop, "buy_by_it", setup=setup, SHARED="connection")
    told = found["reason"] if "verdict" in found else found["error"]["message"]
    assert found.get("verdict") == ("unknown" if setup == "setup" else None)
    assert "connect in the function that uses it" in told


@pytest.mark.parametrize("name, why", [
    ("is_async", "is async"), ("is_a_generator", "is a generator"),
])  # fmt: skip
def test_what_no_call_carries_out_is_refused(program: Program, name: str, why: str) -> None:
    refused = explored(program, SQLITE, name)
    assert (refused["error"]["code"], why in refused["error"]["message"]) == (2, True)
