"""`explore_behaviour` in a test of Django's: which database it uses, and which it refuses."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from booking.servers.lent_postgres import FOLDER
from booking.servers.postgres import private_postgres
from tests.conftest import LIMIT_S, ROOT
from tests.support.plugin_site import python_path

pytest.importorskip("pytest_django")

PRIVATE = """
from booking.testing import private_postgres
private_postgres()
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"}}
"""
OWN_SERVER = """
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"}}
"""
SQLITE_FILE = """
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db", "TEST": {"NAME": "test.db"},
}}
"""
SQLITE_IN_MEMORY = """
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}}
"""
REST = """
INSTALLED_APPS = ["concert"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
TESTS = """
import pytest
from django.db import connection
from concert.models import Event
from booking.testing import explore_behaviour

def explored(way, **more):
    functions = {{"setup": "concert.shop:setup", "check": "concert.shop:left"}}
    return explore_behaviour(f"concert.shop:{{way}}", **functions, **more)

@pytest.mark.parametrize("way, verdict", {ways})
def test_buy({fixture}way, verdict):
    proof = explored(way)
    assert proof.verdict == verdict, proof.reason
    assert proof.complete == (verdict != "unknown"), proof.reason
    assert connection.settings_dict["NAME"].startswith("test"), "not the test database"
    assert Event.objects.count() == 1, "explored in another database"
    print("REASON", proof.reason, "IN", connection.settings_dict["NAME"])
"""
WAYS = [("buy_wrong", "invalid"), ("buy_locked", "valid"), ("buy_if_there", "valid")]


def run_tests(
    folder: Path, settings: str, *more: str, fixture: str = "transactional_db, ",
    ways: list[tuple[str, str]] | None = None, tests: str = TESTS, **environment: str,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Run pytest, as a user does, in a project with these settings."""
    (folder / "concert").mkdir(exist_ok=True)
    for name in ("__init__.py", "models.py", "shop.py"):
        shutil.copy(ROOT / "examples/django" / name, folder / "concert")
    (folder / "shop_settings.py").write_text(settings + REST)
    (folder / "pytest.ini").write_text(
        "[pytest]\nDJANGO_SETTINGS_MODULE = shop_settings\npythonpath = .\n"
    )
    (folder / "test_shop.py").write_text(tests.format(fixture=fixture, ways=ways or WAYS[1:]))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    path = python_path(folder / ".site")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *more],
        cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        env={**inherited, "PYTHONPATH": path, **environment},
    )  # fmt: skip


def test_each_worker_explores_its_own_test_database(tmp_path: Path) -> None:
    """Under xdist: on one private server, whose waits are real."""
    done = run_tests(tmp_path, PRIVATE, "-n", "2", ways=WAYS)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    for worker in ("gw0", "gw1"):
        assert f"IN test_postgres_{worker}" in done.stdout, done.stdout


def test_a_test_database_of_sqlite_is_a_file(tmp_path: Path) -> None:
    """Its transactions are DEFERRED: a buyer that read and cannot write is told so.

    Executions end early there, before a COMMIT or a ROLLBACK: Django must not take itself to be in
    that transaction at the next purchase.
    """
    ways = [("buy_wrong", "valid"), ("buy_if_there", "valid")]
    done = run_tests(tmp_path, SQLITE_FILE, ways=ways)
    assert done.returncode == 0, done.stdout
    assert "IN test.db" in done.stdout
    assert not (tmp_path / "shop.db").exists()


def test_a_test_database_in_memory_is_refused(tmp_path: Path) -> None:
    done = run_tests(tmp_path, SQLITE_IN_MEMORY, ways=WAYS[2:])
    assert done.returncode == 1
    assert "is in memory, where no other process finds it" in done.stdout


def test_a_test_that_holds_a_transaction_open_is_refused(tmp_path: Path) -> None:
    """No other process sees what it wrote, and it may lock what they write."""
    done = run_tests(tmp_path, SQLITE_FILE, ways=WAYS[2:], fixture="db, ")
    assert done.returncode == 1
    assert "holds a transaction open" in done.stdout
    assert "use the fixture transactional_db" in done.stdout


@pytest.mark.parametrize("settings", [SQLITE_FILE, SQLITE_IN_MEMORY])
def test_a_database_that_is_not_made_for_tests_keeps_its_rows(
    tmp_path: Path, settings: str
) -> None:
    """A forgotten fixture would have the setup delete rows of the shop itself."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE concert_event (id INTEGER PRIMARY KEY, stock INT)")
        shop.execute("INSERT INTO concert_event VALUES (7, 7)")
    done = run_tests(tmp_path, settings, ways=WAYS[2:], fixture="")
    assert done.returncode == 1
    assert "is no test database; use the fixture transactional_db" in done.stdout
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        assert shop.execute("SELECT * FROM concert_event").fetchall() == [(7, 7)]


def test_a_server_of_ones_own_is_reset_in_the_test_database_only(tmp_path: Path) -> None:
    """It serves without any leave but the fixture; waits there are unknown."""
    host = private_postgres(durable=False).split()[0].removeprefix("host=")
    own = {"PGHOST": host, "PGUSER": "booking", FOLDER: ""}
    ways = [("buy_if_there", "unknown"), ("buy_wrong", "invalid")]
    done = run_tests(tmp_path, OWN_SERVER, ways=[("buy_locked", "unknown")], **own)
    assert done.returncode == 0, done.stdout
    assert "waits inside a server that is not private" in done.stdout
    assert "IN test_postgres" in done.stdout
    done = run_tests(tmp_path, OWN_SERVER, ways=ways, fixture="", **own)
    assert done.returncode == 1
    assert "database postgres on" in done.stdout
    assert "is not private" in done.stdout
