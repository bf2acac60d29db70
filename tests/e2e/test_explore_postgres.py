"""`explore --behaviour --with postgres`: purchases on a real server, whose waits are real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from booking.servers.postgres import private_postgres
from tests.conftest import ROOT, Program

SHOP = "tests.support.postgres_shop"


def explored(
    program: Program, behaviour: str, *more: str, setup: str = "setup", private: bool = True,
    **environment: str,
) -> dict[str, Any]:  # fmt: skip
    """Explore a function of the shop; return the document, with the exit code."""
    check = "seats_left" if behaviour.startswith("seat") else "left"
    done = program(
        "explore", "--behaviour", f"{SHOP}:{behaviour}", "--setup", f"{SHOP}:{setup}",
        "--check", f"{SHOP}:{check}", *(("--with", "postgres") if private else ()), "--json", *more,
        PYTHONPATH=str(ROOT), **environment,
    )  # fmt: skip
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert "verdict" in document, document
    expected = {"valid": 0, "invalid": 1, "unknown": 3}
    assert done.returncode == expected[document["verdict"]], done.stderr
    return document


# Verdict, classes of orders, orders: two buyers, one ticket. Equal buyers: half the classes.
KNOWN = {
    "naive": ("invalid", 10, 14),
    "naive_block": ("invalid", 10, 14),
    "conditional": ("valid", 4, 4),
    "autocommitted": ("valid", 2, 2),
    "for_update": ("valid", 6, 6),
    "transaction_block": ("valid", 8, 8),  # RELEASE wakes a waiter, which waits again for COMMIT
    "serializable": ("valid", 10, 14),
    "seat": ("invalid", 4, 4),
    "seat_skip_locked": ("valid", 6, 6),
    "nowait": ("valid", None, None),
    "advisory": ("valid", None, None),
    "advisory_session": ("valid", None, None),
    "crossed": ("valid", None, None),
    "numbered": ("valid", None, None),
    "server_cursor": ("valid", None, None),
}
QUICK = {"naive", "for_update", "seat_skip_locked"}


@pytest.mark.sweep(usual=lambda name, method: name in QUICK and method == "reduced")
@pytest.mark.parametrize("method", ["reduced", "plain"])
@pytest.mark.parametrize("name", KNOWN)
def test_a_purchase_on_a_real_server_is_decided(program: Program, name: str, method: str) -> None:
    """Complete, without a caveat, in as many executions as there are orders or classes of them."""
    verdict, classes, orders = KNOWN[name]
    proof = explored(program, name, "--method", method)
    assert (proof["verdict"], proof["complete"], proof["caveats"]) == (verdict, True, [])
    if orders is not None:
        merged = 2 if proof["symmetric"] else 1
        assert proof["ends"] == (classes / merged if method == "reduced" else orders)


def test_a_wait_is_real_and_to_wake_is_a_step(program: Program) -> None:
    """The statement that waited keeps its snapshot, so the seat is sold twice: 2 of 4 orders.

    Tried again behind the wait, as a client with a lock timeout does, it would find the next seat.
    """
    proof = explored(program, "seat")
    assert proof["anomalies"][0] == {"name": "double-sold", "message": "sold twice: seat 1"}
    assert (proof["ends"], proof["violating"]) == (4, 2)
    steps = [(step["buyer"], step["action"], step["saw"]) for step in proof["witness"]]
    assert steps == [
        (0, "update", "1"), (1, "update", "waits"), (0, "commit", ""), (1, "wake", "1"),
        (1, "commit", ""),
    ]  # fmt: skip


def test_a_transaction_left_open_is_rolled_back_as_a_step(program: Program) -> None:
    """Another buyer may wait for it: the end of a purchase is no moment outside of the order."""
    proof = explored(program, "left_open")
    assert (proof["verdict"], proof["complete"]) == ("invalid", True)
    assert [anomaly["name"] for anomaly in proof["anomalies"]] == ["phantom-sold-out"]
    assert any("left open by the purchase" in step["text"] for step in proof["witness"])


UNSEEN = {
    "several_rows": "executemany of several rows",
    "several_statements": "several statements in one string",
    "copies": "past an intercepted statement",
    "streams": "past an intercepted statement",
    "pipelined": "pipeline mode is not covered",
    "time_limited": "a time limit inside the server",
    "waits_for_itself": "took no step for 5 s",
}


@pytest.mark.sweep(usual=lambda name: name in {"several_rows", "copies"})
@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_not_covered_is_never_a_proof(program: Program, name: str) -> None:
    """Unknown or invalid, with what was heard; never a pass."""
    proof = explored(program, name)
    assert proof["verdict"] != "valid"
    assert not proof["complete"]
    assert any(UNSEEN[name] in caveat for caveat in proof["caveats"]), proof["caveats"]


def test_a_transaction_of_the_setup_in_the_way_is_named(program: Program) -> None:
    proof = explored(program, "for_update", setup="setup_left_open")
    assert proof["verdict"] == "unknown"
    assert "a session of the server that is no buyer's" in proof["reason"]


def test_a_database_of_ones_own_is_reset_only_where_named(program: Program) -> None:
    """Refused before a row is deleted; with its name it is explored, but for waits."""
    own = {"DATABASE_URL": private_postgres(durable=False)}
    done = program(
        "explore", "--behaviour", f"{SHOP}:conditional", "--setup", f"{SHOP}:setup",
        "--check", f"{SHOP}:left", PYTHONPATH=str(ROOT), **own,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "give --with postgres, or --i-may-reset postgres" in done.stderr
    named = ("--i-may-reset", "postgres")
    proof = explored(program, "autocommitted", *named, private=False, **own)
    assert (proof["verdict"], proof["caveats"]) == ("valid", [])
    proof = explored(program, "for_update", *named, private=False, **own)
    assert proof["verdict"] == "unknown"
    assert "waits inside a server that is not private" in proof["reason"]


@pytest.mark.sweep(usual=lambda name: name == "seat")
@pytest.mark.parametrize("name", ["naive", "seat", "left_open"])
def test_a_counterexample_with_waits_is_replayed(
    program: Program, tmp_path: Path, name: str
) -> None:
    """Each wait and each waking is a step of the file: 100 of 100."""
    proof = explored(program, name, "--witness", "w.json")
    done = program("replay", "w.json", "--times", "100", "--allow-code", "--json",
                   PYTHONPATH=str(ROOT))  # fmt: skip
    document = json.loads(done.stdout)
    assert (document["same"], document["difference"], done.returncode) == (100, None, 0)
    assert document["anomalies"] == proof["anomalies"]
    file = tmp_path / "w.json"
    saved = json.loads(file.read_text())
    if name == "seat":  # a lock that the server would wait for, without the wait
        waits = [at for at, step in enumerate(saved["steps"]) if step["action"] == "wake"]
        saved["steps"].pop(waits[0])
        file.write_text(json.dumps(saved))
        done = program("replay", "w.json", "--allow-code", "--json", PYTHONPATH=str(ROOT))
        assert (json.loads(done.stdout)["same"], done.returncode) == (0, 3)


def test_no_command_resets_a_server_that_is_not_named(program: Program, tmp_path: Path) -> None:
    """Refused before a row is deleted by simulate, bench and replay; a file cannot name one."""
    own = {"DATABASE_URL": private_postgres(durable=False), "PYTHONPATH": str(ROOT)}
    functions = ("--behaviour", f"{SHOP}:naive", "--setup", f"{SHOP}:setup",
                 "--check", f"{SHOP}:left")  # fmt: skip
    few = ("--buyers", "2", "--rounds", "2")
    private = ("--with", "postgres", "--json")
    program("explore", *functions, *private, "--witness", "w.json", PYTHONPATH=str(ROOT))
    file = tmp_path / "w.json"
    file.write_text(
        json.dumps({**json.loads(file.read_text()), "servers": [], "reset": ["postgres"]})
    )
    replay = ("replay", "w.json", "--allow-code")
    for words in (
        ("simulate", *functions, *few), ("bench", *functions, *few, "--time", "20ms"), replay,
    ):  # fmt: skip
        done = program(*words, **own)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert "give --with postgres, or --i-may-reset postgres" in done.stderr
    done = program(*replay, "--i-may-reset", "postgres", "--json", **own)
    assert json.loads(done.stdout)["times"] == 1


def test_free_processes_sell_from_a_private_server(program: Program) -> None:
    functions = ("--behaviour", f"{SHOP}:for_update", "--setup", f"{SHOP}:setup",
                 "--check", f"{SHOP}:left", "--with", "postgres")  # fmt: skip
    done = program("simulate", *functions, "--buyers", "2", "--rounds", "2", "--json",
                   PYTHONPATH=str(ROOT))  # fmt: skip
    sale = json.loads(done.stdout)
    assert (sale["anomalies"], sale["rounds"], sale["sold"]) == ([], 2, 1), sale


def test_a_lock_that_a_purchase_leaves_behind_ends_the_sale(program: Program) -> None:
    """Another purchase, --setup or --check waits for it: none of them waits for ever."""
    functions = ("--behaviour", f"{SHOP}:keeps_its_transaction", "--setup", f"{SHOP}:setup",
                 "--check", f"{SHOP}:left", "--with", "postgres")  # fmt: skip
    done = program("simulate", *functions, "--buyers", "1", "--timeout", "1s", "--json",
                   PYTHONPATH=str(ROOT))  # fmt: skip
    sale = json.loads(done.stdout)
    assert (sale["rounds"], done.returncode != 0) == (1, True), sale
