"""`explore --behaviour`: purchase functions that announce nothing, over a real SQLite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Program

SHOP = "tests.support.sqlite_shop"


def explored(
    program: Program, behaviour: str, *more: str, check: str = "left", tickets: int = 1
) -> dict[str, Any]:
    """Explore a function of the shop; return the document, with the exit code."""
    done = program(
        "explore", "--behaviour", f"{SHOP}:{behaviour}", "--setup", f"{SHOP}:setup",
        "--check", f"{SHOP}:{check}", "--json", *more, PYTHONPATH=str(ROOT), TICKETS=str(tickets),
    )  # fmt: skip
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    expected = {"valid": 0, "invalid": 1, "unknown": 3}
    assert done.returncode == expected[document["verdict"]], done.stderr
    return document


def outcomes(proof: dict[str, Any]) -> list[Any]:
    """Return all ways in which the purchases of a sale ended."""
    return sorted(outcome["answers"] for outcome in proof["outcomes"])


RIGHT = {"conditional": (2, 1), "immediate": (2, 1), "deferred": (11, 3)}  # orders; those executed


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_way_is_proved(program: Program, name: str) -> None:
    """Complete, without a caveat; a refused statement is tried again when another has moved."""
    plain, reduced = (explored(program, name, "--method", one) for one in ("plain", "reduced"))
    for proof, orders in zip((plain, reduced), RIGHT[name], strict=True):
        assert (proof["verdict"], proof["complete"], proof["caveats"]) == ("valid", True, [])
        assert (proof["ends"], proof["violating"]) == (orders, 0)
    assert outcomes(plain) == outcomes(reduced)


@pytest.mark.sweep(usual=lambda name: name == "naive")
@pytest.mark.parametrize("name", ["naive", "deferred", "immediate", "conditional"])
def test_three_buyers_end_as_in_every_order(program: Program, name: str) -> None:
    """What is not executed again ends as what was: plain enumeration knows no more."""
    plain, reduced = (
        explored(program, name, "--buyers", "3", "--method", one, tickets=2)
        for one in ("plain", "reduced")
    )
    assert plain["complete"]
    assert reduced["complete"]
    assert plain["ends"] > reduced["ends"]
    assert outcomes(plain) == outcomes(reduced)


@pytest.mark.parametrize("method", ["reduced", "plain"])
def test_the_shortest_counterexample_is_found(program: Program, method: str) -> None:
    """Statements with their values, what they gave, and the line in the user's code."""
    proof = explored(program, "naive", "--method", method)
    assert [anomaly["name"] for anomaly in proof["anomalies"]] == ["oversell", "lost-update"]
    assert proof["complete"]
    steps = proof["witness"]
    assert proof["witness_steps"] == len(steps) == 6
    assert [step["action"] for step in steps] == [
        "select", "select", "update", "commit", "update", "commit",
    ]  # fmt: skip
    assert [step["buyer"] for step in steps] in ([0, 1, 1, 1, 0, 0], [1, 0, 0, 0, 1, 1])
    assert steps[0]["saw"] == "-1  (1,)"
    assert steps[2]["text"] == "UPDATE event SET stock = ?  (0,)"
    source = (ROOT / "tests/support/sqlite_shop.py").read_text().splitlines()
    file, _, line = steps[2]["where"].rpartition(":")
    assert file.endswith("sqlite_shop.py")
    assert "UPDATE event SET stock = ?" in source[int(line) - 1]


def test_a_database_of_two_names_is_one(program: Program) -> None:
    """Else the steps of two buyers seem to commute, and the race is never executed."""
    proof = explored(program, "naive_by_two_names")
    assert proof["verdict"] == "invalid"
    naive = explored(program, "naive")  # of buyers that are alike, so each order stands for two
    assert naive["symmetric"]
    assert proof["ends"] == 2 * naive["ends"]


def test_seats_are_told_apart(program: Program) -> None:
    """A seat that two buyers hold is double-sold; taking one only if it is free is sound."""
    proof = explored(program, "seat", check="seats_left")
    assert proof["anomalies"][0] == {"name": "double-sold", "message": "sold twice: A1"}
    proof = explored(program, "seat_if_free", check="seats_left")
    assert (proof["verdict"], proof["caveats"]) == ("valid", [])


def test_a_sleep_lasts_until_another_buyer_has_moved(program: Program) -> None:
    """A loop that polls ends: no time passes."""
    proof = explored(program, "waits_for_another")
    assert (proof["verdict"], proof["caveats"]) == ("valid", [])
    assert proof["elapsed_s"] < 60


@pytest.mark.parametrize("name", ["fails_before", "fails_behind"])
def test_an_exception_sells_nothing_for_certain(program: Program, name: str) -> None:
    """Refused where nothing was committed, else of unknown outcome: no anomaly either way."""
    proof = explored(program, name)
    assert (proof["verdict"], proof["anomalies"]) == ("unknown", [])
    assert "nothing was at stake" in proof["reason"]


UNSEEN = {
    "starts_a_program": "starts a program",
    "starts_a_thread": "starts a thread",
    "writes_a_file": "opens sold.txt past an interceptor",
    "connects_its_own_way": "a connection class of its own",
    "imports_a_driver": "pymysql is imported, and no interceptor covers it",
    "sells_without_a_step": "it sold without a step",
    "connects_once": "connects to no.socket and no interceptor covers that",
    "attaches": "attaches a database",
    "counts_calls": "the same order of steps went another way",
    "spins": "took no step for 5 s",
    "ends_its_process": "the process of buyer 0 ended",
}
QUICK = {
    "starts_a_program", "writes_a_file", "counts_calls", "imports_a_driver", "sells_without_a_step",
    "connects_once",
}  # fmt: skip


@pytest.mark.sweep(usual=lambda name: name in QUICK)
@pytest.mark.parametrize("name", UNSEEN)
def test_what_was_not_seen_proves_nothing(program: Program, name: str) -> None:
    """Unknown, with what was heard and where; never a pass."""
    proof = explored(program, name)
    assert proof["verdict"] == "unknown"
    assert UNSEEN[name] in proof["reason"], proof["reason"]
    assert not proof["complete"]


def test_an_invariant_of_the_users_own_is_held(program: Program) -> None:
    proof = explored(program, "conditional", "--invariant", f"{SHOP}:never_below_zero")
    assert proof["verdict"] == "valid"
    one_free = ("--invariant", f"{SHOP}:one_seat_is_free")
    proof = explored(program, "seat_if_free", *one_free, check="seats_left")
    assert proof["anomalies"] == [
        {"name": "invariant", "message": "the invariant does not hold: one seat must stay free"},
    ]


def test_new_processes_for_each_execution_forget_what_stayed(program: Program) -> None:
    """What a process keeps between executions is no race."""
    proof = explored(program, "counts_calls", "--fresh", tickets=2)
    assert (proof["verdict"], proof["caveats"]) == ("valid", [])


def test_one_buyer_and_a_bound_prove_nothing(program: Program) -> None:
    assert "give --buyers 2" in explored(program, "naive", "--buyers", "1")["reason"]
    proof = explored(program, "deferred", "--buyers", "3", "--max-seconds", "0.01")
    assert (proof["verdict"], proof["bound"]) == ("unknown", "max-seconds")
    first = explored(program, "naive", "--first")
    assert (first["verdict"], first["bound"]) == ("invalid", "first")


@pytest.mark.parametrize("words, said", [
    (("--behaviour", f"{SHOP}:naive"), "--setup, --check: missing"),
    (("--setup", f"{SHOP}:setup"), "--behaviour, --check: missing"),
    (("--behaviour", f"{SHOP}:nave", "--setup", f"{SHOP}:setup", "--check", f"{SHOP}:left"),
     'unknown name "nave"'),
    (("--behaviour", f"{SHOP}:naive", "--setup", f"{SHOP}:fails_before", "--check", f"{SHOP}:left"),
     "--setup fails: RuntimeError: no card"),
    (("--behaviour", f"{SHOP}:naive", "--setup", f"{SHOP}:setup", "--check", f"{SHOP}:setup"),
     "--check returned None; write one that returns the tickets left"),
    (("--behaviour", f"{SHOP}:naive", "--setup", f"{SHOP}:setup", "--check", f"{SHOP}:left",
      "--store", "json"), "--store: not for a purchase function"),
    (("--behaviour", f"{SHOP}:naive", "--setup", f"{SHOP}:setup", "--check", f"{SHOP}:left",
      "--method", "graph"), "--method graph: a purchase function has reduced and plain"),
    (("--behaviour", f"{SHOP}:naive", "--setup", f"{SHOP}:setup", "--check", f"{SHOP}:left",
      "--buyers", "99"), "explores 1 to 20 purchases, not 99"),
])  # fmt: skip
def test_what_cannot_be_explored_is_one_line(
    program: Program, words: tuple[str, ...], said: str
) -> None:
    done = program("explore", *words, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, ""), done
    assert said in done.stderr


def test_the_report_names_the_line_and_runs_again(program: Program, tmp_path: Path) -> None:
    """As text: the table of the steps, and the command that finds them again."""
    words = ("--behaviour", f"{SHOP}:naive", "--setup", f"{SHOP}:setup", "--check", f"{SHOP}:left")
    done = program("explore", *words, PYTHONPATH=str(ROOT), COLUMNS="200")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("✗ INVALID  oversell, lost-update")
    assert any("UPDATE event SET stock = ?  (0,)" in line and "sqlite_shop.py:" in line
               for line in lines)  # fmt: skip
    assert any(line.endswith("booking explore " + " ".join(words)) for line in lines)
    narrow = program("explore", *words, PYTHONPATH=str(ROOT), COLUMNS="80").stdout.splitlines()
    assert all(len(line) <= 80 or "booking explore" in line or "/" in line for line in narrow)
