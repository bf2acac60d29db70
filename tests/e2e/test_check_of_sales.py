"""`check` of a saved history says what the sale that wrote it said, its control apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Program

MODULE = "tests.support.mischief"
ALLOWED = ("--allow-code", "--allow-places")  # the scenarios name what tests planted
KILL = {"kind": "kill", "before": "release"}


def sold(program: Program, tmp_path: Path, flags: dict[str, Any]) -> dict[str, Any]:
    """Run a sale with these keys; return its document, after holding `check` against it."""
    scenario = tmp_path / "sale.toml"
    scenario.write_text(toml({"control": False, "delay": "0ms", "search": False, **flags}))
    history = str(tmp_path / "sale.jsonl")
    done = program("simulate", str(scenario), *ALLOWED, "--history", history, "--json")
    sale: dict[str, Any] = json.loads(done.stdout)
    checked = program("check", history, "--json")
    again = json.loads(checked.stdout)
    assert (again["verdict"], checked.returncode) == (sale["verdict"], done.returncode), again
    names = [[one["name"] for one in said["anomalies"]] for said in (sale, again)]
    assert names[0] == names[1]
    if sale["verdict"] != "valid":  # a valid sale's reason tells what was sold
        assert again["reason"] == sale["reason"]
    return sale


def toml(keys: dict[str, Any]) -> str:
    faults = keys.pop("faults", [])
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    for fault in faults:
        lines += ["[[faults]]", *(f"{key} = {json.dumps(value)}" for key, value in fault.items())]
    return "\n".join(lines) + "\n"


def behaviour(name: str, **keys: Any) -> dict[str, Any]:
    return {"behaviour": f"{MODULE}:{name}", "arrival": "serial", "buyers": 3, **keys}


def guard(name: str, **keys: Any) -> dict[str, Any]:
    return {"guard": f"{MODULE}:{name}", "buyers": 2, "timeout": "500ms", **keys}


UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "a buyer fails": (behaviour("fails"), "buyer 1 ended early: ValueError: no more money"),
    "a buyer leaves": (behaviour("leaves"), "buyer 1 ended early: ended with exit code 0"),
    "a buyer stalls": (
        behaviour("stalls_between_orders", arrival="together", lock="flock", timeout="500ms"),
        "no buyer took a step, and buyer 1 was ended",
    ),
    "no order": (behaviour("only_looks"), "no buyer ordered anything"),
    "no count": (behaviour("removes_the_inventory"), "the count at the end could not be read"),
    "a fault that never struck": (
        {"lock": "flock", "faults": [{"kind": "kill", "before": "truncate"}]},
        "the planned fault never struck (kill before truncate); steps that were taken: acquire, ",
    ),
    "a log is removed": (behaviour("unlinks_a_log"), "the event log of buyer 0 is missing"),
    "a log is emptied": (behaviour("empties_a_log"), "the event log of buyer 0 is missing"),
    "a log keeps its header": (behaviour("keeps_a_header"), "the event log of buyer 0 is missing"),
    "a log is made anew": (behaviour("makes_a_log_anew"), "the event log of buyer 0 is missing"),
    "a log is halved": (
        behaviour("halves_a_log", tickets=3000),
        "the event log of buyer 0 is missing",
    ),
    "a log is removed under its buyer": (
        behaviour("unlinks_its_log"),
        "the event log of buyer 0 is missing",
    ),
    "a log is emptied under its buyer": (
        behaviour("empties_its_log"),
        "the event log of buyer 0 is missing",
    ),
    "a buyer stalls whose log is removed": (
        behaviour("unlinks_its_log_and_stalls", arrival="together", lock="flock", timeout="500ms"),
        "the event log of buyer 0 is missing",
    ),
    "orders too large": (
        {"tickets": 1, "quantity": 2, "lock": "flock", "buyers": 2},
        "nothing was at stake: of 2 orders none was answered with a ticket; give more tickets or",
    ),
    "no tickets": ({"tickets": 0, "lock": "flock"}, "nothing was at stake: there were no tickets"),
    "no definite answer": (
        {"guard": "tests.trust.guards:AnswersInfo", "lock": "flock", "search": True},
        "nothing was at stake: of 10 orders none was answered with a ticket",
    ),
    "a server of a guard is silent": (
        guard("Unanswered"),
        f"guard {MODULE}:Unanswered did not answer when no buyer took a step",
    ),
    "a server of a guard keeps even the question": (
        guard("NeverAnswered"),
        f"guard {MODULE}:NeverAnswered did not answer when no buyer took a step",
    ),
}
JUDGED: dict[str, tuple[dict[str, Any], str, set[str]]] = {
    "sound": ({"lock": "flock"}, "valid", set()),
    "a planned death": ({"lock": "flock", "faults": [KILL]}, "valid", set()),
    "copies": ({"store": "memory"}, "invalid", {"oversell", "double-sold", "lost-update"}),
    "stuck": (guard("Stuck"), "invalid", {"hang"}),
    "stuck, and its server answers": (guard("StuckButAnswered"), "invalid", {"hang"}),
    "a stale lock": (
        {"lock": "mutex", "faults": [KILL], "timeout": "1s"},
        "invalid",
        {"stale-lock", "hang"},
    ),
    "copies, and a log is removed": (
        behaviour("unlinks_a_log", store="memory", buyers=5),
        "invalid",
        {"oversell", "double-sold", "lost-update"},
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_unknown_in_a_sale_is_unknown_in_check(
    program: Program, tmp_path: Path, case: str
) -> None:
    """With the same reason, and no anomaly: what is missing accuses no store, lock or guard."""
    flags, reason = UNKNOWN[case]
    sale = sold(program, tmp_path, flags)
    assert (sale["verdict"], sale["anomalies"]) == ("unknown", []), sale["reason"]
    assert sale["reason"].startswith(reason)


@pytest.mark.parametrize("case", JUDGED)
def test_what_a_sale_judges_check_judges_alike(program: Program, tmp_path: Path, case: str) -> None:
    """What does not rest on missing evidence stays what it is."""
    flags, verdict, names = JUDGED[case]
    sale = sold(program, tmp_path, flags)
    assert sale["verdict"] == verdict, sale["reason"]
    assert {one["name"] for one in sale["anomalies"]} == names


def test_a_log_with_a_gap_is_noticed_although_it_is_large_enough(
    program: Program, tmp_path: Path
) -> None:
    """Its buyer was cut off, went on, and was killed: it died early, and its log is not whole."""
    sale = sold(program, tmp_path, behaviour("cuts_its_log_and_grows_it"))
    assert (sale["verdict"], sale["anomalies"]) == ("unknown", [])
    assert sale["processes"]["unlogged"] == [0]


@pytest.mark.sweep(usual=lambda store: store == "redis")
@pytest.mark.parametrize("store", ["postgres", "redis"])
def test_a_stopped_server_is_unknown_and_named(
    fresh_program: Program, tmp_path: Path, store: str
) -> None:
    """SIGSTOP of the whole server while buyers wait for it: no guard is guilty of that."""
    keys = behaviour("stops_the_server", arrival="together", store=store, guard="atomic")
    sale = sold(fresh_program, tmp_path, keys | {"timeout": "2s", "control": True, "tickets": 9})
    assert (sale["verdict"], sale["anomalies"]) == ("unknown", []), sale["reason"]
    assert sale["reason"].startswith(f"{store} did not answer when no buyer took a step")
    assert sale["processes"]["unanswered"] == [store]
    assert sale["control"] is None


CONTROLS: dict[str, tuple[dict[str, Any], str]] = {
    "its buyers fail": (
        behaviour("fails_unguarded", arrival="together", lock="flock"),
        (
            "of the control itself: buyer 0 ended early (and 2 more): ValueError: no guard "
            "(tests/support"
        ),
    ),
    "its orders fail": (
        {"store": f"{MODULE}:Busy", "lock": "flock", "buyers": 2},
        "the control sold nothing: unavailable: no room for two",
    ),
    "its orders are lost": (
        {"store": f"{MODULE}:Loses", "lock": "flock", "buyers": 2},
        "uncertain: no room for two",
    ),
    "it hangs": (
        {"store": f"{MODULE}:Hangs", "lock": "flock", "buyers": 2, "timeout": "500ms"},
        "of the control itself: buyer ",
    ),
    "it is sound": ({"lock": "flock", "buyers": 1}, "give more buyers or a longer delay"),
}


@pytest.mark.parametrize("case", CONTROLS)
def test_a_control_that_did_not_race_says_why(program: Program, tmp_path: Path, case: str) -> None:
    """The reason that is known, and no advice that cannot help."""
    flags, why = CONTROLS[case]
    scenario = tmp_path / "sale.toml"
    scenario.write_text(toml({"delay": "0ms", "search": False, **flags}))
    sale = json.loads(program("simulate", str(scenario), *ALLOWED, "--json").stdout)
    assert sale["verdict"] == "unknown"
    assert sale["reason"].startswith("the control did not race, so the guard was not put to the")
    assert why in sale["reason"]
