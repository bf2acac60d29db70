"""`explore --behaviour --with redis`: purchases on a real server, one command a step."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from booking.servers.valkey import private_valkey_address
from tests.conftest import ROOT, Program
from tests.support.shop_modules import module_of

SHOP = "tests.support.redis_shop"


def explored(
    program: Program, behaviour: str, *more: str, setup: str = "setup", check: str = "left",
    private: bool = True, shop: str = SHOP, **environment: str,
) -> dict[str, Any]:  # fmt: skip
    """Explore a function of the shop; return the document, with the exit code."""
    way = module_of(behaviour, "redis_shop") if shop == SHOP else shop
    done = program(
        "explore", "--behaviour", f"{way}:{behaviour}", "--setup", f"{shop}:{setup}",
        "--check", f"{shop}:{check}", *(("--with", "redis") if private else ()), "--json", *more,
        PYTHONPATH=str(ROOT), **environment,
    )  # fmt: skip
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert "verdict" in document, document
    expected = {"valid": 0, "invalid": 1, "unknown": 3}
    assert done.returncode == expected[document["verdict"]], done.stderr
    return document


def names(proof: dict[str, Any]) -> list[str]:
    return [anomaly["name"] for anomaly in proof["anomalies"]]


class Known(NamedTuple):
    """What is known of a purchase by two buyers of one ticket: equal buyers halve the classes."""

    verdict: str
    classes: int
    orders: int
    check: str = "left"
    setup: str = "setup"


KNOWN = {
    "get_set": Known("invalid", 4, 6),
    "get_decr": Known("invalid", 4, 6),
    "decr_and_undo": Known("valid", 2, 2),
    "decr_and_undo_by_quantity": Known("invalid", 4, 4),
    "script": Known("valid", 2, 2),
    "script_by_sha": Known("valid", 2, 2),
    "script_undeclared": Known("valid", 2, 2),
    "script_half_undeclared": Known("invalid", 4, 6),
    "function": Known("valid", 2, 2, setup="setup_function"),
    "script_in_pipeline": Known("valid", 2, 6),
    "watched": Known("valid", 6, 20),
    "watched_too_late": Known("invalid", 6, 20),
    "transaction": Known("valid", 6, 20),
    "pipeline_transaction": Known("valid", 2, 2),
    "pipeline_alone": Known("invalid", 10, 14),
    "pop": Known("valid", 2, 2, check="seats_left"),
    "peek_and_remove": Known("invalid", 4, 6, check="seats_left"),
    "lock": Known("valid", 2, 2),
    "lock_once": Known("valid", 4, 8),
    "lock_until": Known("valid", 2, 2),
    "own_lock": Known("valid", 4, 16),
    "own_lock_deleted_by_others": Known("valid", 6, 20),
    "two_stocks": Known("invalid", 4, 6, check="left_in_other"),
    "two_databases": Known("valid", 1, 2, check="left_in_both"),
    "receipt_expires": Known("valid", 2, 6),
    "single_connection": Known("invalid", 4, 6),
    "publishes": Known("valid", 4, 6),
    "answers_are_changed": Known("invalid", 4, 6),
    "token_of_chance": Known("valid", 4, 6),
    "wrong_type": Known("valid", 4, 6),
}
QUICK = {"get_set", "script", "watched", "pipeline_alone", "lock", "pop"}


@pytest.mark.sweep(usual=lambda name, method: name in QUICK and method == "reduced")
@pytest.mark.parametrize("method", ["reduced", "plain"])
@pytest.mark.parametrize("name", KNOWN)
def test_a_purchase_on_a_real_server_is_decided(program: Program, name: str, method: str) -> None:
    """Complete, without a caveat, in as many executions as there are orders or classes of them."""
    known = KNOWN[name]
    proof = explored(program, name, "--method", method, check=known.check, setup=known.setup)
    assert (proof["verdict"], proof["complete"], proof["caveats"]) == (known.verdict, True, [])
    merged = 2 if proof["symmetric"] else 1
    assert proof["ends"] == (known.classes / merged if method == "reduced" else known.orders)


# Three buyers of two tickets: verdict, classes (equal buyers: a sixth), anomalies.
LARGER = {
    "get_set": ("invalid", 36, ["oversell", "lost-update"]),
    "script": ("valid", 6, []),
    "watched": ("valid", 216, []),
    "lock": ("valid", 6, []),
    "own_lock_deleted_by_others": ("invalid", 102, ["lost-update"]),
}


@pytest.mark.sweep(usual=lambda name: name == "own_lock_deleted_by_others")
@pytest.mark.parametrize("name", LARGER)
def test_three_buyers_are_explored(program: Program, name: str) -> None:
    """A lock that others delete goes wrong with the third buyer only."""
    verdict, classes, anomalies = LARGER[name]
    proof = explored(program, name, "--buyers", "3", TICKETS="2")
    assert (proof["verdict"], proof["complete"], names(proof)) == (verdict, True, anomalies)
    assert proof["ends"] == classes / 6


def test_the_counterexample_names_commands_and_lines(program: Program) -> None:
    proof = explored(program, "get_set")
    assert names(proof) == ["oversell", "lost-update"]
    steps = [(step["buyer"], step["text"], step["saw"]) for step in proof["witness"]]
    assert steps == [
        (0, "GET stock", "'1'"), (1, "GET stock", "'1'"),
        (1, "SET stock 0", "True"), (0, "SET stock 0", "True"),
    ]  # fmt: skip
    source = (ROOT / "tests/support/redis_shop.py").read_text().splitlines()
    line = proof["witness"][3]["where"].rpartition(":")[2]
    assert 'client.set("stock", stock - 1)' in source[int(line) - 1]


def test_a_pipeline_without_a_transaction_is_one_step_a_command(program: Program) -> None:
    """The server serves others between two commands of one packet."""
    assert names(explored(program, "pipeline_alone")) == ["phantom-sold-out"]


@pytest.mark.sweep(usual=lambda name: name == "script_by_sha")
@pytest.mark.parametrize("name", ["script", "script_by_sha", "script_in_pipeline"])
def test_a_script_that_the_server_does_not_know_is_loaded_in_steps(
    program: Program, name: str
) -> None:
    """NOSCRIPT, then the script: another buyer may load it in between."""
    proof = explored(program, name, setup="setup_without_scripts")
    assert (proof["verdict"], proof["complete"]) == ("valid", True)
    assert proof["ends"] > 1


def test_a_step_before_a_sleep_is_a_step(program: Program) -> None:
    """The sleep lasts until another buyer has moved; what was written before it stays written."""
    proof = explored(program, "sleeps_behind_a_write")
    taken = [step["action"] for step in proof["witness"]]
    assert (proof["complete"], taken) == (True, ["get", "get", "set", "set", "sleep"])
    plain = explored(program, "sleeps_behind_a_write", "--method", "plain")
    assert (plain["ends"], plain["violating"]) == (6, 4)


UNSEEN = {
    "pops_at_random": "SPOP gives a random value",
    "asks_the_time": "TIME reads the server's clock",
    "clock_in_script": "inside of a script: TIME reads the server's clock",
    "clock_of_lua": "a script reads a clock",
    "numbered_by_the_clock": "XADD reads the server's clock",
    "waits_in_the_server": "BLPOP waits inside the server",
    "by_hand": "MULTI by hand",
    "past_the_client": "redis talks to the server past a step",
    "listens": "pub/sub is not covered",
    "selects": "SELECT by hand",
    "in_a_thread": "a thread",
    "asynchronous": "redis.asyncio is not covered",
    "cached": "a cache in the client is not covered",
    "by_sentinel": "Sentinel is not covered",
    "another_server": "localhost:1/0 is not private; connect to REDIS_URL",
    "lock_with_expiry": "key gate expires",
    "expiring_field": "when a field expires is not explored",
    "crossed_locks": "no buyer can go on: each waits",
    "never_ends": "no buyer can go on: each waits",
}
HEARD = {"clock_in_script", "past_the_client", "lock_with_expiry", "asynchronous"}
CHECKS = {
    "pops_at_random": "pot_left", "waits_in_the_server": "seats_left", "selects": "left_in_other",
}  # fmt: skip


@pytest.mark.sweep(usual=lambda name: name in HEARD)
@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_not_covered_is_never_a_proof(program: Program, name: str) -> None:
    """Unknown or invalid, with what was heard; never a pass."""
    proof = explored(program, name, check=CHECKS.get(name, "left"))
    assert proof["verdict"] != "valid"
    assert not proof["complete"]
    assert any(UNSEEN[name] in caveat for caveat in proof["caveats"]), proof["caveats"]


def test_what_expires_before_the_sale_proves_nothing(program: Program) -> None:
    proof = explored(program, "script", setup="setup_with_expiry")
    assert (proof["verdict"], len(proof["caveats"])) == ("unknown", 1)
    assert "key stock expires: when it does is not explored" in proof["reason"]


@pytest.mark.sweep(usual=lambda name: name == "fails_behind")
@pytest.mark.parametrize("name", ["fails_before", "fails_behind", "in_a_cluster"])
def test_an_exception_sells_nothing_for_certain(program: Program, name: str) -> None:
    """Refused where nothing was written, else of unknown outcome: no anomaly either way."""
    proof = explored(program, name, TICKETS="2")
    assert (proof["verdict"], names(proof)) == ("unknown", [])


def test_the_time_limit_of_a_lock_strikes_where_no_buyer_can_go_on(program: Program) -> None:
    """One sells and keeps the lock, the other one gives up: no time passes meanwhile."""
    proof = explored(program, "lock_never_released")
    assert (proof["verdict"], proof["caveats"]) == ("valid", [])
    assert proof["elapsed_s"] < 60


@pytest.mark.sweep(usual=lambda name: name == "watched")
@pytest.mark.parametrize("name", ["naive", "watched", "locked"])
def test_valkey_is_covered_too(program: Program, name: str) -> None:
    """The library `valkey` has the same interface."""
    proof = explored(program, name, shop="tests.support.valkey_shop")
    assert proof["complete"]
    assert (proof["verdict"] == "valid") == (name != "naive")


def test_a_server_of_the_users_own_is_reset_only_where_it_is_named(program: Program) -> None:
    """It is not even connected to; FLUSHALL reaches more than what was named."""
    port, password = private_valkey_address()
    server = f"127.0.0.1:{port}"
    own = {"REDIS_URL": f"redis://:{password}@{server}/0"}
    words = ("explore", "--behaviour", f"{SHOP}:get_set", "--setup", f"{SHOP}:setup_one",
             "--check", f"{SHOP}:left")  # fmt: skip
    done = program(*words, PYTHONPATH=str(ROOT), **own)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"give --with redis, or give --i-may-reset {server}/0" in done.stderr
    named = ("--i-may-reset", f"{server}/0")
    proof = explored(program, "get_set", *named, setup="setup_one", private=False, **own)
    assert proof["complete"]
    done = program(*words[:4], f"{SHOP}:setup", *words[5:], *named, PYTHONPATH=str(ROOT), **own)
    assert (done.returncode, done.stdout) == (2, "")
    assert "FLUSHALL reaches every database of a Redis server that is not private" in done.stderr


def test_several_servers_are_started_together(program: Program) -> None:
    """Each with its own variables; a purchase over both is explored over both."""
    proof = explored(
        program, "naive", "--with", "postgres", shop="tests.support.postgres_and_redis_shop"
    )
    assert (proof["verdict"], proof["complete"], proof["violating"] > 0) == ("invalid", True, True)
    actions = {step["action"] for step in proof["witness"]}
    assert {"get", "set", "insert"} <= actions
