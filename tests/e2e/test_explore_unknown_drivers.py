"""Drivers that are not covered, pools filled too early, and servers that decide themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from booking.servers.postgres import private_postgres
from tests.conftest import ROOT, Program

DRIVERS = [
    "asyncpg", "aiosqlite", "aiomysql", "asyncmy", "pymysql", "MySQLdb", "mysql.connector",
    "mariadb", "pysqlite3",
]  # fmt: skip


def explored(
    program: Program, shop: str, behaviour: str, *more: str, **environment: str
) -> dict[str, Any]:
    """Explore a function of a shop; return the document, with the exit code."""
    done = program(
        "explore", "--behaviour", f"{shop}:{behaviour}", "--setup", f"{shop}:setup",
        "--check", f"{shop}:left", "--json", *more, PYTHONPATH=str(ROOT), **environment,
    )  # fmt: skip
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert "verdict" in document, document
    return document


@pytest.mark.sweep(usual=lambda driver, when: (driver, when) == ("mysql.connector", "purchase"))
@pytest.mark.parametrize("when", ["import", "purchase"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_that_is_not_covered_is_named(
    program: Program, tmp_path: Path, driver: str, when: str
) -> None:
    """Drivers of asyncio and of MySQL: a stub of that name is enough to doubt every step."""
    package, _, module = driver.partition(".")
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / f"{module or 'api'}.py").touch()
    shop = "tests.support.driver_shop"
    proof = explored(program, shop, "buy", DRIVER=driver, WHEN=when)
    assert (proof["verdict"], proof["complete"]) == ("unknown", False)
    assert f"{package} is imported, and no interceptor covers it" in proof["reason"]


POOL = "tests.support.pool_shop"
SERVERS = {"sqlite": (), "postgres": ("--with", "postgres")}


@pytest.mark.sweep(usual=lambda server, pool, early: (server, pool, early)
                   == ("postgres", "pinged", "import"))  # fmt: skip
@pytest.mark.parametrize("early", ["import", "init"])
@pytest.mark.parametrize("pool", ["queue", "one", "pinged", "static", "none"])
@pytest.mark.parametrize("server", SERVERS)
def test_a_pool_that_was_filled_too_early_is_emptied(
    program: Program, server: str, pool: str, early: str
) -> None:
    """Each buyer has connections of its own, so both verdicts are right, without a caveat."""
    words = ("--init", f"{POOL}:opened") if early == "init" else ()
    for behaviour, verdict in (("buy", "valid"), ("buy_wrong", "invalid")):
        proof = explored(
            program, POOL, behaviour, *SERVERS[server], *words,
            POOL=pool, OPENED="import" if early == "import" else "",
        )  # fmt: skip
        assert (proof["verdict"], proof["complete"]) == (verdict, True), proof
        assert proof["caveats"] == []


@pytest.mark.sweep(usual=lambda server, early: (server, early) == ("sqlite", "init"))
@pytest.mark.parametrize("early", ["import", "init"])
@pytest.mark.parametrize("server", SERVERS)
def test_a_connection_that_left_its_pool_is_no_shared_one(
    program: Program, server: str, early: str
) -> None:
    """It is closed before the buyers are forked; SQLAlchemy connects each of them anew."""
    words = ("--init", f"{POOL}:opened_and_kept") if early == "init" else ()
    for behaviour, verdict in (("buy_by_it", "valid"), ("buy_by_it_wrong", "invalid")):
        proof = explored(
            program, POOL, behaviour, *SERVERS[server], *words,
            OPENED="kept" if early == "import" else "",
        )  # fmt: skip
        assert (proof["verdict"], proof["complete"]) == (verdict, True), proof
        assert proof["caveats"] == []


@pytest.mark.sweep(usual=lambda name: name == "for_update")
@pytest.mark.parametrize("name", ["for_update", "conditional", "advisory", "naive"])
def test_two_that_wait_on_a_server_of_ones_own_prove_nothing(program: Program, name: str) -> None:
    """Which of them it wakes is its own decision."""
    own = {"DATABASE_URL": private_postgres(durable=False)}
    words = ("--i-may-reset", "postgres", "--buyers", "3")
    proof = explored(program, "tests.support.postgres_shop", name, *words, **own)
    assert proof["verdict"] != "valid"
    assert not proof["complete"]
    why = "waits inside a server that is not private, which decides itself when it wakes"
    assert any(why in caveat for caveat in proof["caveats"]), proof
    assert "give --with postgres" in str(proof["caveats"])


@pytest.mark.sweep(usual=lambda shop, name, server: server == "sqlite")
@pytest.mark.parametrize("shop, name, server", [
    ("unseen_sqlite", "commits_each_row", "sqlite"),
    ("postgres_shop", "several_rows", "postgres"),
])  # fmt: skip
def test_many_rows_of_a_sound_purchase_are_no_proof(
    program: Program, shop: str, name: str, server: str
) -> None:
    """Another buyer may come between two rows: nothing wrong was seen, and not all was."""
    proof = explored(program, f"tests.support.{shop}", name, *SERVERS[server])
    assert (proof["verdict"], proof["anomalies"]) == ("unknown", [])
    assert "executemany" in proof["reason"]
