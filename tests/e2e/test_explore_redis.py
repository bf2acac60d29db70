"""`explore --behaviour --with redis`: purchases on a real server, one command a step."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.conftest import ROOT, Program

SHOP = "tests.support.redis_shop"


def explored(
    program: Program, behaviour: str, *more: str, setup: str = "setup", check: str = "left",
    private: bool = True, shop: str = SHOP, **environment: str,
) -> dict[str, Any]:  # fmt: skip
    """Explore a function of the shop; return the document, with the exit code."""
    done = program(
        "explore", "--behaviour", f"{shop}:{behaviour}", "--setup", f"{shop}:{setup}",
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
    "decr_and_undo": Known("valid", 2, 4),
    "decr_and_undo_by_quantity": Known("invalid", 4, 6),
    "script": Known("valid", 2, 2),
    "script_by_sha": Known("valid", 2, 2),
    "script_undeclared": Known("valid", 2, 2),
    "script_half_undeclared": Known("invalid", 4, 6),
    "function": Known("valid", 2, 2, setup="setup_function"),
    "script_in_pipeline": Known("valid", 2, 6),
    "watched": Known("valid", 6, 20),
    "watched_too_late": Known("invalid", 6, 20),
    "transaction": Known("valid", 6, 38),
    "pipeline_transaction": Known("valid", 2, 4),
    "pipeline_alone": Known("invalid", 10, 15),
    "pop": Known("valid", 2, 2, check="seats_left"),
    "peek_and_remove": Known("invalid", 4, 6, check="seats_left"),
    "lock": Known("valid", 2, 2),
    "lock_once": Known("valid", 4, 10),
    "lock_until": Known("valid", 2, 2),
    "own_lock": Known("valid", 2, 2),
    "own_lock_deleted_by_others": Known("valid", 6, 14),
    "two_stocks": Known("invalid", 4, 6, check="left_in_other"),
    "two_databases": Known("valid", 1, 2, check="left_in_both"),
    "receipt_expires": Known("valid", 2, 6),
    "single_connection": Known("invalid", 4, 6),
    "publishes": Known("valid", 4, 6),
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
