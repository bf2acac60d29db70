"""A purchase function explored from a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from booking.errors import BookingError
from booking.testing import UnknownVerdict, explore_behaviour
from tests.conftest import ROOT
from tests.support.golden import golden

pytest_plugins = ["pytester"]

SHOP = "tests.support.sqlite_shop"
FUNCTIONS = {"setup": f"{SHOP}:setup", "check": f"{SHOP}:left"}
TICKETS = """
import os
import sqlite3
from contextlib import closing

DATABASE = os.environ.get("PYTEST_XDIST_WORKER", "shop") + ".db"  # workers run at the same time

def one_ticket():
    with closing(sqlite3.connect(DATABASE)) as line, line:
        line.execute("CREATE TABLE IF NOT EXISTS event (id INT, name TEXT, stock INT)")
        line.execute("DELETE FROM event")
        line.execute("INSERT INTO event VALUES (1, 'Gala', 1)")

def left():
    with closing(sqlite3.connect(DATABASE)) as line:
        return line.execute("SELECT stock FROM event").fetchone()[0]

def buy():
    with closing(sqlite3.connect(DATABASE)) as line, line:
        name, stock = line.execute("SELECT name, stock FROM event WHERE id = ?", (1,)).fetchone()
        if stock < 1:
            return False
        line.execute("UPDATE event SET name = ?, stock = ? WHERE id = ?", (name, stock - 1, 1))
        return True

def buy_and_print():
    with open("printed.txt", "a") as file:
        file.write("ticket")
    return buy()
"""
TESTS = """
from booking.testing import explore_behaviour

NAMES = {"setup": "tickets:one_ticket", "check": "tickets:left"}

def test_invalid():
    explore_behaviour("tickets:buy", **NAMES).assert_valid()

def test_unknown():
    result = explore_behaviour("tickets:buy_and_print", buyers=1, **NAMES)
    assert result.verdict == "unknown"
    result.assert_valid()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop's database lies in the current folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Make a folder with a shop and its tests."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p booking.testing.plugin")
    pytester.makepyfile(tickets=TICKETS, test_tickets=TESTS)
    return pytester


def failures(result: pytest.RunResult) -> list[str]:
    """Return the lines of the failing tests' errors."""
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    return [line for line in result.outlines if re.match(r"E |_+ test", line)]


def test_a_failing_test_shows_steps_lines_answers_and_cure(suite: pytest.Pytester) -> None:
    """Within 80 columns, but for what is to be copied; under pytest-xdist the same."""
    one = failures(suite.runpytest_subprocess())
    golden("pytest/behaviour.txt", "\n".join(one) + "\n")
    assert all(len(line) <= 80 for line in one if "booking explore" not in line)
    many = failures(suite.runpytest_subprocess("-p", "xdist", "-n", "2"))
    assert sorted(many) == sorted(one)


@pytest.mark.usefixtures("folder")
def test_a_proof_passes_and_names_no_cure() -> None:
    proof = explore_behaviour(f"{SHOP}:conditional", **FUNCTIONS)
    proof.assert_valid()
    assert (proof.cures, str(proof).splitlines()[0]) == ([], "✓ VALID  2 buyers, 1 ticket")


@pytest.mark.usefixtures("folder")
def test_unknown_is_no_pass() -> None:
    found = explore_behaviour(f"{SHOP}:writes_a_file", **FUNCTIONS)
    with pytest.raises(UnknownVerdict, match=r"\? UNKNOWN  2 buyers"):
        found.assert_valid()
    assert "opens sold.txt past an interceptor" in " ".join(str(found).split())


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_explored_is_an_error() -> None:
    with pytest.raises(BookingError, match="--setup fails: RuntimeError: no card"):
        explore_behaviour(f"{SHOP}:naive", setup=f"{SHOP}:fails_before", check=f"{SHOP}:left")
