"""Cures of a found race: each is named for what was seen, and each one cures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import ROOT, Program

# The purchase, what counts its tickets, and the cures that are named for it, the best first.
POSTGRES = {
    "computed": ("left", ["conditional-update", "for-update", "serializable"]),
    "chosen": ("left_of_two", ["conditional-update", "for-update", "serializable"]),
    "chosen_inside": ("left_of_two", ["skip-locked"]),
    "chosen_once": ("left_of_two", ["skip-locked", "try-again"]),
    "counted": ("left_of_receipts", ["parent-lock", "serializable"]),
    "counted_by_event": ("left_of_receipts", ["parent-lock", "serializable"]),
    "looked_up": ("left_of_receipts", ["unique-constraint", "parent-lock", "serializable"]),
    "unchecked": ("left", ["check-rowcount"]),
    "in_two_transactions": ("left", ["one-transaction"]),
    "unlocked_early": ("left", ["unlock-after-commit"]),
    "read_outside": ("left", ["read-inside-lock"]),
}
SQLITE = {
    "computed": ("left", ["conditional-update", "begin-immediate"]),
    "looked_up": ("left_of_receipts", ["unique-constraint", "begin-immediate"]),
    "unchecked": ("left", ["check-rowcount"]),
    "read_outside": ("left", ["read-inside-lock"]),
}
FILES = {
    "rewritten": ("left", ["file-lock"]),
    "replaced": ("left", ["file-lock"]),
}
REDIS = {
    "replaced": ("left", ["lua-script", "decrement-first", "watch"]),
    "counted": ("left", ["lua-script", "decrement-first", "watch"]),
}
SHOPS = {"postgres": POSTGRES, "sqlite": SQLITE, "files": FILES, "redis": REDIS}
CASES = [(shop, name) for shop, names in SHOPS.items() for name in names]
QUICK = {("postgres", "computed"), ("sqlite", "computed"), ("files", "rewritten")}


def explored(
    program: Program, server: str, behaviour: str, check: str, **cure: str
) -> dict[str, Any]:
    shop = f"tests.support.cured_{server}"
    done = program(
        "explore", "--behaviour", f"{shop}:{behaviour}", "--setup", f"{shop}:setup",
        "--check", f"{shop}:{check}", "--json",
        *(("--with", server) if server in {"postgres", "redis"} else ()),
        PYTHONPATH=str(ROOT), **cure,
    )  # fmt: skip
    document: dict[str, Any] = json.loads(done.stdout)
    assert "verdict" in document, document
    return document


@pytest.mark.sweep(usual=lambda server, name: (server, name) in QUICK)
@pytest.mark.parametrize("server, name", CASES)
def test_each_cure_that_is_named_cures(program: Program, server: str, name: str) -> None:
    """The statement of the cure, carried out in the purchase, makes it valid."""
    check, names = SHOPS[server][name]
    found = explored(program, server, name, check)
    assert found["verdict"] == "invalid"
    assert [cure["name"] for cure in found["cures"]][: len(names)] == names
    for cure in found["cures"][: len(names)]:
        cured = explored(
            program, server, name, check, CURE=cure["name"], STATEMENT=cure["statement"]
        )
        assert (cured["verdict"], cured["cures"]) == ("valid", []), (cure, cured)
