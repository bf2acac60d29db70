"""`replay` of the counterexample of a purchase function, kept with `explore --witness`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Program

SHOP = """
import sqlite3
from contextlib import closing

def connect():
    return closing(sqlite3.connect("shop.db", isolation_level=None))

def setup():
    with connect() as line:
        line.execute("CREATE TABLE IF NOT EXISTS event (stock INT)")
        line.execute("DELETE FROM event")
        line.execute("INSERT INTO event VALUES (1)")

def left():
    with connect() as line:
        return line.execute("SELECT stock FROM event").fetchone()[0]

def buy():
    with connect() as line:
        stock = line.execute("SELECT stock FROM event").fetchone()[0]
        if stock < 1:
            return False
        line.execute("UPDATE event SET stock = ?", (stock - 1,))
        return True

def impatient():
    try:
        with connect() as line:
            line.execute("BEGIN")
            stock = line.execute("SELECT stock FROM event").fetchone()[0]
            if stock < 1:
                return False
            line.execute("UPDATE event SET stock = ?", (stock - 1,))
            line.execute("COMMIT")
    except sqlite3.OperationalError:
        pass
    return True
"""
SALE = ("--setup", "shop:setup", "--check", "shop:left")
Replay = Callable[..., dict[str, Any]]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return the file of the purchase functions; its folder is the current one of a program."""
    path = tmp_path / "shop.py"
    path.write_text(SHOP)
    return path


def keep(program: Program, *more: str, behaviour: str = "buy") -> dict[str, Any]:
    """Explore, and keep the counterexample; return the document of the exploration."""
    done = program("explore", "--behaviour", f"shop:{behaviour}", *SALE, "--witness", "w.json",
                   "--json", *more)  # fmt: skip
    assert done.returncode == 1, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def replayed(program: Program, *more: str) -> dict[str, Any]:
    """Replay what was kept; return the document."""
    done = program("replay", "w.json", "--allow-code", "--json", *more)
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    same = document["same"] == document["times"]
    assert (done.returncode, document["verdict"]) == ((0, "invalid") if same else (3, "unknown"))
    return document


def test_a_counterexample_comes_out_the_same_each_time(program: Program, shop: Path) -> None:
    """100 of 100, with the anomaly, in the processes and the order of the exploration."""
    proof = keep(program)
    assert proof["replay"].endswith("--witness w.json")
    document = replayed(program, "--times", "100")
    assert (document["same"], document["difference"]) == (100, None)
    assert document["anomalies"] == proof["anomalies"]
    assert document["witness"]["steps"] == proof["witness"]


@pytest.mark.parametrize("more, behaviour", [((), "impatient"), (("--fresh",), "buy")])
def test_time_limits_strike_where_they_did(
    program: Program, shop: Path, more: tuple[str, ...], behaviour: str
) -> None:
    """Also in new processes for each time."""
    proof = keep(program, *more, behaviour=behaviour)
    assert any(step["forced"] for step in proof["witness"]) == (behaviour == "impatient")
    assert replayed(program, "--times", "5")["same"] == 5


def test_code_that_moved_is_the_same_code(program: Program, shop: Path) -> None:
    """Lines are for people."""
    keep(program)
    shop.write_text("# a new first line\n\n" + SHOP)
    assert replayed(program)["same"] == 1


CHANGES = {
    "another statement": (
        '"UPDATE event SET stock = ?", (stock - 1,)', '"UPDATE event SET stock = stock - 1"',
        "UPDATE event SET stock = ?  (0,), got UPDATE event SET stock = stock - 1",
    ),
    "another result": (
        "(stock - 1,))\n        return True", "(stock - 1,)).rowcount\n        return None",
        "was answered 1 sold, and now sold-out",
    ),
    "a further step": (
        "        return True", '        line.execute("DELETE FROM event")\n        return True',
        "goes on: DELETE FROM event",
    ),
    "a step less": (
        '        line.execute("UPDATE event SET stock = ?", (stock - 1,))\n', "",
        "UPDATE event SET stock = ?  (0,): its purchase has ended before",
    ),
    "a lock": (
        '        stock = line.execute("SELECT',
        '        line.execute("BEGIN IMMEDIATE")\n        stock = line.execute("SELECT',
        "SELECT stock FROM event, got BEGIN IMMEDIATE",
    ),
    "more tickets": (
        "VALUES (1)", "VALUES (2)", "--setup leaves 2 tickets, and there were 1",
    ),
    "another row": (
        "INSERT INTO event VALUES (1)", "INSERT INTO event VALUES (1), (1)",
        "UPDATE event SET stock = ?  (0,): expected '1', got '2'",
    ),
    "another count": (
        "SELECT stock FROM event\").fetchone()[0]\n\ndef buy",
        "SELECT CASE stock WHEN 1 THEN 1 ELSE -1 END FROM event\").fetchone()[0]\n\ndef buy",
        "shop:left: expected oversell, lost-update, got oversell, negative-stock",
    ),
}  # fmt: skip
QUICK = {"another statement", "another result", "a step less"}


@pytest.mark.sweep(usual=lambda change: change in QUICK)
@pytest.mark.parametrize("change", CHANGES)
def test_changed_code_decides_nothing(program: Program, shop: Path, change: str) -> None:
    """Unknown, with the place: the counterexample was of other code."""
    keep(program)
    old, new, said = CHANGES[change]
    assert old in SHOP
    shop.write_text(SHOP.replace(old, new, 1))
    document = replayed(program, "--times", "2")
    assert document["same"] == 0
    assert said in document["difference"], document["difference"]


def test_a_file_that_names_code_needs_permission(program: Program, tmp_path: Path) -> None:
    """It may be a stranger's: nothing is imported, and a server of the user's is never reset."""
    (tmp_path / "shop.py").write_text(SHOP)
    keep(program)
    (tmp_path / "shop.py").write_text(f"open({str(tmp_path / 'touched')!r}, 'w')\n{SHOP}")
    done = program("replay", "w.json")
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")
    assert "'shop:buy' names code, and a file is data; give --allow-code" in done.stderr
    assert not (tmp_path / "touched").exists()


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a newer version": (lambda file: file.update(version=2), "version 2 of a witness"),
    "a buyer too many": (lambda file: file["steps"][0].update(buyer=2), "a step of buyer 2"),
    "no step": (lambda file: file.update(steps=[]), "it needs an anomaly, and 1 to 10,000 steps"),
    "no anomaly": (lambda file: file.update(anomalies={}), "it needs an anomaly"),
    "no answer": (lambda file: file["answers"].pop(), "1 answers of 2 buyers"),
    "no check": (lambda file: file.pop("check"), "missing required field `check`"),
    "a wrong type": (lambda file: file.update(buyers="2"), "Expected `int`, got `str`"),
    "another server": (lambda file: file.update(servers=["oracle"]), "Invalid enum value 'oracle'"),
    "too many buyers": (
        lambda file: (file.update(buyers=99), file.update(answers=file["answers"][:1] * 99)),
        "explores 1 to 20 purchases, not 99",
    ),
    "a missing module": (lambda file: file.update(setup="nowhere:f"), "nowhere"),
}  # fmt: skip


def test_a_broken_file_is_one_line(program: Program, shop: Path, tmp_path: Path) -> None:
    """Each says what is wrong in it; no traceback."""
    keep(program)
    file = tmp_path / "w.json"
    written = file.read_text()
    for name, (spoil, said) in BROKEN.items():
        document = json.loads(written)
        spoil(document)
        file.write_text(json.dumps(document))
        done = program("replay", "w.json", "--allow-code")
        assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, ""), (name, done)
        assert said in done.stderr, (name, done.stderr)
    file.write_text(written[:200])
    done = program("replay", "w.json", "--allow-code")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done


def test_what_is_kept_is_a_whole_counterexample(program: Program, tmp_path: Path) -> None:
    """No file without one; a place that cannot be written is refused before the search."""
    words = ("--behaviour", "tests.support.sqlite_shop:conditional",
             "--setup", "tests.support.sqlite_shop:setup",
             "--check", "tests.support.sqlite_shop:left")  # fmt: skip
    done = program("explore", *words, "--witness", "w.json", PYTHONPATH=str(ROOT))
    assert (done.returncode, (tmp_path / "w.json").exists()) == (0, False), done
    done = program("explore", *words, "--witness", "none/w.json", PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")
    assert "--witness" in done.stderr


def test_the_report_shows_the_steps_and_runs_again(program: Program, shop: Path) -> None:
    """As text; the report of the exploration has the command."""
    done = program("explore", "--behaviour", "shop:buy", *SALE, "--witness", "w.json")
    assert "booking replay w.json --times 100 --allow-code" in done.stdout
    done = program("replay", "w.json", "--times", "2", "--allow-code", COLUMNS="200")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("✓ REPLAYED  oversell, lost-update: 2 of 2 the same in 2 real proc")
    assert any("UPDATE event SET stock = ?  (0,)" in line and "shop.py:23" in line
               for line in lines)  # fmt: skip
    done = program("replay", "w.json", "--i-may-reset", "x")
    assert done.returncode == 2
