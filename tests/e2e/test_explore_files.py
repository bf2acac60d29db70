"""`explore --behaviour`: purchase functions over files, their names and their locks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import ROOT, Program
from tests.support.shop_modules import module_of

SHOP = "tests.support.file_shop"
KEPT = {"counts_in_shared_memory", "shares_a_removed_file"}  # by a module of their own
MUTANTS = "tests.support.file_mutants"
COUNTS = {
    "counts_the_ledger": "ledger_left", "counts_the_seats": "seats_left",
    "takes_a_seat": "seats_left", "moves_a_ticket": "file_is_there",
    "appended": "sold_of_the_ledger",
}  # fmt: skip


def explored(program: Program, behaviour: str, *more: str, tickets: int = 1) -> dict[str, Any]:
    """Explore a function of the shop; return the document, with the exit code."""
    shop = f"{SHOP}_kept" if behaviour in KEPT else SHOP
    way = module_of(behaviour, "file_shop")
    done = program(
        "explore", "--behaviour", f"{way}:{behaviour}", "--setup", f"{shop}:setup",
        "--check", f"{shop}:{COUNTS.get(behaviour, 'left')}", "--json", *more,
        PYTHONPATH=str(ROOT), TICKETS=str(tickets),
    )  # fmt: skip
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    expected = {"valid": 0, "invalid": 1, "unknown": 3}
    assert done.returncode == expected[document["verdict"]], done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return document


# Orders of dependent steps: the reduction ends in no more. Equal buyers halve them.
RIGHT = {
    "flocked": 2, "flocked_in_place": 2, "flocked_by_a_handle": 2, "record_locked": 2,
    "filelocked": 2, "filelocked_by_the_module": 2, "filelocked_or_refused": 4, "soft_locked": 2,
    "process_locked": 2, "process_locked_in_place": 2, "marked": 2, "marked_by_a_folder": 2,
    "marked_by_a_link": 9, "takes_a_seat": 2, "moves_a_ticket": 2, "appended": 12, "logged": 12,
    "beside_a_database": 2, "raises_inside": 2,
    "locked_by_a_copy": 4, "looks_and_locks": 6, "looks_and_marks": 6,
}  # fmt: skip
QUICK_RIGHT = {"flocked_by_a_handle", "filelocked_by_the_module", "process_locked", "marked"}


@pytest.mark.sweep(usual=lambda name: name in QUICK_RIGHT)
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_way_is_proved(program: Program, name: str) -> None:
    """Complete, without a caveat: a held lock is tried again when another buyer has moved."""
    proof = explored(program, name)
    assert (proof["verdict"], proof["complete"], proof["caveats"]) == ("valid", True, [])
    assert proof["ends"] <= RIGHT[name]


LOST = ["oversell", "lost-update"]
SLIPS = ["oversell", "negative-stock"]
WRONG = {
    "naive": (8, LOST), "naive_by_pathlib": (8, LOST), "naive_by_descriptors": (8, LOST),
    "replaced": (10, LOST), "replaced_by_tempfile": (10, LOST),
    "locks_the_file_that_is_replaced": (14, LOST), "reads_before_the_lock": (16, LOST),
    "thread_locked": (10, LOST), "shared_locked": (16, LOST), "upgraded": (19, LOST),
    "looks_for_a_marker": (16, LOST), "writes_behind_the_lock": (12, LOST),
    "counts_the_ledger": (6, SLIPS), "counts_the_seats": (6, SLIPS), "by_two_names": (9, LOST),
    "by_a_link": (9, LOST), "two_locks": (11, ["hang"]), "two_flocks": (15, ["hang"]),
}  # fmt: skip
QUICK_WRONG = {
    "naive", "replaced_by_tempfile", "locks_the_file_that_is_replaced", "thread_locked",
    "upgraded", "counts_the_seats", "by_two_names", "two_flocks",
}  # fmt: skip


@pytest.mark.sweep(usual=lambda name: name in QUICK_WRONG)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_way_is_found(program: Program, name: str) -> None:
    """The shortest counterexample, and what it breaks."""
    proof = explored(program, name)
    assert (proof["verdict"], proof["complete"], proof["caveats"]) == ("invalid", True, [])
    names = [anomaly["name"] for anomaly in proof["anomalies"]]
    assert (proof["witness_steps"], names) == WRONG[name]


TOO_MANY = {"shared_locked", "upgraded", "looks_for_a_marker", "marked_by_a_link"}  # orders


@pytest.mark.sweep(usual=lambda name: name in {"naive", "flocked_in_place"})
@pytest.mark.parametrize("name", sorted({*RIGHT, *WRONG} - TOO_MANY))
def test_every_order_shows_the_same(program: Program, name: str) -> None:
    """The reduction leaves out nothing: plain enumeration finds the same anomalies."""
    bound = ("--max-seconds", "100")
    plain = explored(program, name, "--method", "plain", *bound)
    reduced = explored(program, name, *bound)
    assert plain["bound"] is None
    for key in ("verdict", "anomalies", "witness_steps"):
        assert plain[key] == reduced[key]
    assert plain["ends"] >= reduced["ends"]


def test_the_counterexample_names_each_effect_and_its_line(program: Program) -> None:
    """To open a file for writing empties it: an effect of its own."""
    proof = explored(program, "naive")
    assert proof["ends"] in {5, 10}
    steps = proof["witness"]
    assert [(step["action"], step["text"]) for step in steps if step["buyer"] == 1] == [
        ("open", "open data.json"), ("read", "read data.json"),
        ("truncate", 'open data.json "w"'), ("write", 'write data.json  {"left": 0}'),
    ]  # fmt: skip
    read = next(step for step in steps if step["action"] == "read")
    assert read["saw"] == '{"left": 1}'
    source = (ROOT / "tests/support/file_shop.py").read_text().splitlines()
    file, _, line = read["where"].rpartition(":")
    assert file.endswith("file_shop.py")
    assert "json.load(file)" in source[int(line) - 1]


@pytest.mark.parametrize("name", ["looks_without_the_lock", "replaces_too_early"])
def test_a_torn_read_is_found(program: Program, name: str) -> None:
    """A reader sees the file empty, between its opening and its writing."""
    proof = explored(program, name, tickets=2)
    assert [one["name"] for one in proof["anomalies"]] == ["phantom-sold-out"]
    assert any(step["action"] == "read" and "empty" in step["saw"] for step in proof["witness"])


@pytest.mark.sweep(usual=lambda name: name == "filelocked")
@pytest.mark.parametrize("name, most", [("naive", 225), ("flocked", 6), ("filelocked", 6)])
def test_three_buyers(program: Program, name: str, most: int) -> None:
    """The orders of the prototype; less for the first, as emptying what is empty commutes."""
    proof = explored(program, name, "--buyers", "3", tickets=2)
    assert proof["complete"]
    assert most / 6 <= proof["ends"] <= most


@pytest.mark.sweep(usual=lambda name: name == "removes_the_lock_file")
@pytest.mark.parametrize("name, buyers", [("removes_the_lock_file", 3), ("copied", 2)])
def test_a_wrong_way_of_many_orders_is_found(program: Program, name: str, buyers: int) -> None:
    """To remove a lock file harms when a third buyer comes: the second one locks the old file."""
    found = explored(program, name, "--first", "--buyers", str(buyers), tickets=buyers - 1)
    assert found["verdict"] == "invalid"


def test_two_buyers_do_not_see_that_a_lock_file_is_removed(program: Program) -> None:
    assert explored(program, "removes_the_lock_file")["verdict"] == "valid"


UNSEEN = {
    "mapped": "maps memory that other processes may share",
    "keeps_the_lock": "kept the lock of Lock 1 when it ended",
    "never_writes": "left handle.lock open, with text that was not written",
    "talks": "talks over a pipe of multiprocessing",
    "talks_by_descriptors": "reads or writes a pipe or a socket",
    "counts_in_shared_memory": "maps memory that other processes may share",
    "looks_at_a_time": "looks at the time of a file",
    "asks_for_a_time": "looks at the time of a file",
    "locks_by_fcntl": "locks a file by fcntl.fcntl",
    "opens_by_posix": "past an interceptor",
    "shares_a_removed_file": "the buyers share one open file",
    "changes_the_library": "and reading it is no step",
}
QUICK_UNSEEN = {"mapped", "keeps_the_lock", "looks_at_a_time", "shares_a_removed_file"}


@pytest.mark.sweep(usual=lambda name: name in QUICK_UNSEEN)
@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_not_seen_proves_nothing(program: Program, name: str) -> None:
    """Unknown, with what was heard and where; never a pass."""
    proof = explored(program, name)
    assert proof["verdict"] == "unknown"
    assert any(UNSEEN[name] in caveat for caveat in proof["caveats"]), proof["caveats"]


MUTATIONS = {
    "content": "naive", "name": "replaced_by_tempfile", "names in": "counts_the_seats",
    "lock": "two_flocks", "content of files": "by_two_names", "dismissal": "never_dismissed",
    "reopen": "flocked_by_a_handle",
}  # fmt: skip


@pytest.mark.sweep(usual=lambda kind: kind == "content")
@pytest.mark.parametrize("kind", MUTATIONS)
def test_each_mechanism_is_needed(program: Program, kind: str) -> None:
    """Without it the result of a purchase is another one: so the tests above can fail."""
    name = MUTATIONS[kind]
    mutant = ("--init", f"{MUTANTS}:without_{kind.replace(' ', '_')}")
    sound, broken = explored(program, name), explored(program, name, *mutant)
    keys = ("verdict", "ends", "violating", "caveats")
    assert [sound[key] for key in keys] != [broken[key] for key in keys]
