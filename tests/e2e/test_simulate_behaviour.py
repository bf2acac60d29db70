"""`simulate` of purchase functions in free processes: what it finds, and what it never claims."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Program

SHOP = "tests.support.free_shop"


def words_of(behaviour: str, *more: str, check: str = "left", setup: str = "setup") -> list[str]:
    """Return the command line of a sale."""
    return ["simulate", "--behaviour", f"{SHOP}:{behaviour}", "--setup", f"{SHOP}:{setup}",
            "--check", f"{SHOP}:{check}", "--buyers", "2", *more]  # fmt: skip


def sold(program: Program, behaviour: str, *more: str, **others: str) -> dict[str, Any]:
    """Sell; return the document, with the exit code held against the verdict."""
    done = program(*words_of(behaviour, "--json", *more, **others), PYTHONPATH=str(ROOT))
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == {"valid": 0, "invalid": 1, "unknown": 3}[document["verdict"]]
    return document


def test_a_race_is_found_and_ends_the_sale(program: Program, tmp_path: Path) -> None:
    """In the first round, as both buyers read before either writes."""
    sale = sold(program, "naive", "--history", "h.jsonl")
    assert [anomaly["name"] for anomaly in sale["anomalies"]] == ["oversell", "lost-update"]
    assert (sale["rounds"], sale["violating_rounds"]) == (1, 1)
    assert (sale["tickets"], sale["sold"], sale["remaining"], sale["oversold"]) == (1, 2, 0, 1)
    assert sale["pressure"]["overlap_max"] == 2
    assert [event["type"] for event in sale["anomalies"][0]["witness"]] == [
        "invoke", "invoke", "ok", "ok",
    ]  # fmt: skip
    done = program("check", "h.jsonl", "--json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (1, "invalid"), done
    assert len((tmp_path / "h.jsonl").read_text().splitlines()) == 6


def test_a_seat_of_two_buyers_is_found(program: Program) -> None:
    sale = sold(program, "seat", check="seats_left")
    assert sale["anomalies"][0]["name"] == "double-sold"


@pytest.mark.parametrize("behaviour", ["conditional", "prints"])
def test_a_right_way_is_never_accused(program: Program, behaviour: str) -> None:
    """Valid, with what that rests on: it is no proof."""
    sale = sold(program, behaviour, "--rounds", "20", "--history", "h.jsonl")
    assert (sale["anomalies"], sale["violating_rounds"]) == ([], 0)
    if sale["verdict"] == "valid":  # where no two purchases overlapped, it is unknown
        assert "that is no proof: explore it" in sale["reason"]
        assert sale["rounds"] == 20
        assert sale["operations"] == {"ok": 20, "fail": 20, "info": 0}
    assert "explore executes them all" in sale["caveats"][0]
    assert program("check", "h.jsonl").returncode == 0


@pytest.mark.parametrize("behaviour, more, said", [
    ("refuses", (), "nothing was at stake"),
    ("conditional", ("--buyers", "1"), "there was one buyer, so nothing was at stake"),
    ("first_ends_its_process", (), "in round 1 buyer 0 ended its process with code 3"),
    ("spins", ("--timeout", "500ms"), "in round 1 buyer 0 has not ended after 0.5 s"),
])  # fmt: skip
def test_what_shows_nothing_is_unknown(
    program: Program, behaviour: str, more: tuple[str, ...], said: str
) -> None:
    """With the reason; a buyer that ends midway is no anomaly of the sale."""
    sale = sold(program, behaviour, *more)
    assert (sale["verdict"], sale["anomalies"]) == ("unknown", [])
    assert said in sale["reason"]


def test_a_transaction_that_stays_open_ends_the_sale(program: Program) -> None:
    """The next setup cannot fill the inventory: it is answered "locked" at once."""
    sale = sold(program, "leaves_a_lock", setup="setup_at_once")
    assert (sale["verdict"], sale["rounds"]) == ("unknown", 1)
    assert "before round 2 --setup fails: OperationalError: database is locked" in sale["reason"]
    assert sale["reason"].endswith("is a transaction left open?")


def test_each_process_is_prepared(program: Program) -> None:
    """`--init` runs in each, before the function is imported."""
    sale = sold(program, "prepared_only", "--init", f"{SHOP}:prepare", "--rounds", "2")
    assert sale["operations"]["info"] == 0
    assert sale["operations"]["ok"] == 2


@pytest.mark.parametrize("words, said", [
    (["simulate", "--setup", f"{SHOP}:setup"], "--behaviour, --check: missing"),
    (words_of("naive", "--store", "json", "--tickets", "3"),
     "--store, --tickets: not for a purchase function"),
    (words_of("naive", "--schedule", "pct"), "--schedule: not for a purchase function"),
    (words_of("naive", "--rounds", "0"), "--rounds: from 1 to 1,000,000, not 0"),
    (words_of("naive", "--buyers", "201"), "--buyers: from 1 to 200, not 201"),
    (words_of("naive", "--timeout", "soon"), "--timeout: "),
    (words_of("nave"), 'unknown name "nave"'),
    (words_of("naive", "--init", f"{SHOP}:fails"), "--init fails: RuntimeError: no settings"),
    (words_of("naive", check="fails"), "--check fails: RuntimeError: no settings"),
    (words_of("naive", "--history", "none/h.jsonl"), "--history"),
])  # fmt: skip
def test_what_cannot_be_sold_with_is_one_line(
    program: Program, words: list[str], said: str
) -> None:
    done = program(*words, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, ""), done
    assert said in done.stderr


def test_the_report_shows_the_round_and_what_proves(program: Program) -> None:
    """As text; `--expect` decides the exit code."""
    done = program(*words_of("naive", "--expect", "oversell"), PYTHONPATH=str(ROOT), COLUMNS="300")
    assert done.returncode == 0, done
    assert done.stdout.startswith("✗ INVALID  oversell, lost-update: 1 round, 1 unsound")
    assert f"booking explore --behaviour {SHOP}:naive --setup {SHOP}:setup" in done.stdout
