"""`explore --behaviour` with SQLAlchemy: over a real PostgreSQL, and over SQLite."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import ROOT, Program

pytest.importorskip("sqlalchemy")
SHOP = "tests.support.alchemy_shop"


def explored(program: Program, behaviour: str, *more: str, tickets: int = 1) -> dict[str, Any]:
    """Explore a function of the shop; return the document."""
    done = program(
        "explore", "--behaviour", f"{SHOP}:{behaviour}", "--setup", f"{SHOP}:setup",
        "--check", f"{SHOP}:left", "--json", *more, PYTHONPATH=str(ROOT), TICKETS=str(tickets),
    )  # fmt: skip
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert "verdict" in document, document
    return document


# Verdict, classes of orders: two equal buyers, one ticket.
KNOWN = {
    "naive": ("invalid", 5),
    "locked": ("valid", 3),
    "conditional": ("valid", 2),
    "isolated": ("valid", 5),
    "locked_by_a_pinged_pool": ("valid", 3),
    "locked_in_autocommit": ("invalid", 3),
    "locked_in_a_savepoint": ("valid", 4),  # its release wakes a waiter
    "waits_where_sold_out": ("valid", 3),
    "driver_below": ("valid", 2),
}
QUICK = {"naive", "locked_by_a_pinged_pool", "waits_where_sold_out"}


@pytest.mark.sweep(usual=lambda name: name in QUICK)
@pytest.mark.parametrize("name", KNOWN)
def test_a_purchase_is_decided(program: Program, name: str) -> None:
    """Complete, without a caveat, in as many executions as there are classes of orders."""
    proof = explored(program, name, "--with", "postgres")
    verdict, classes = KNOWN[name]
    assert (proof["verdict"], proof["complete"], proof["caveats"]) == (verdict, True, [])
    assert proof["ends"] == classes


@pytest.mark.sweep(usual=lambda name: name == "asynchronous_driver")
@pytest.mark.parametrize("name", ["asynchronous", "asynchronous_driver"])
def test_asynchronous_connections_are_never_a_proof(program: Program, name: str) -> None:
    """Their statements are no steps: one execution without any would be called complete."""
    proof = explored(program, name, "--with", "postgres")
    assert proof["verdict"] == "unknown"
    assert "AsyncConnection is not covered" in proof["reason"], proof["reason"]


def test_the_row_lock_that_sqlite_ignores(program: Program) -> None:
    """`with_for_update` is no lock there: two buyers read the same stock."""
    proof = explored(program, "locked")
    assert (proof["verdict"], proof["complete"], proof["caveats"]) == ("invalid", True, [])
    assert [anomaly["name"] for anomaly in proof["anomalies"]] == ["oversell", "lost-update"]
    assert any("alchemy_shop.py:" in step["where"] for step in proof["witness"])


@pytest.mark.sweep(usual=lambda name: name == "conditional")
@pytest.mark.parametrize(
    "name,verdict,classes", [("naive", "invalid", 77), ("locked", "valid", 24),
                             ("conditional", "valid", 8)],
)  # fmt: skip
def test_three_buyers_and_two_tickets(
    program: Program, name: str, verdict: str, classes: int
) -> None:
    """A sixth of 462, 144 and 48 classes, because the buyers are equal."""
    proof = explored(program, name, "--with", "postgres", "--buyers", "3", tickets=2)
    assert (proof["verdict"], proof["complete"], proof["ends"]) == (verdict, True, classes)
