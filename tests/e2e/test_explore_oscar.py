"""Code that was written by others: the stock of django-oscar. `make test-all` installs it."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from tests.conftest import ROOT, Program

SHOP = "examples.oscar.shop"
STATEMENTS_MAX = 10


def explored(program: Program, way: str) -> dict[str, Any]:
    pytest.importorskip("oscar")
    done = program(
        "explore", "--behaviour", f"{SHOP}:{way}", "--setup", f"{SHOP}:setup",
        "--check", f"{SHOP}:left", "--init", "examples.oscar.start:start",
        "--with", "postgres", "--json", PYTHONPATH=str(ROOT),
    )  # fmt: skip
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_the_adapter_is_short() -> None:
    """Statements in its functions; Django's settings do not count."""
    tree = ast.parse((ROOT / "examples/oscar/shop.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    inner = [node for way in functions for node in ast.walk(way) if isinstance(node, ast.stmt)]
    texts = [node for node in inner if isinstance(node, ast.Expr) and "Constant" in ast.dump(node)]
    docstrings = [node for node in texts if isinstance(node.value, ast.Constant)]
    assert len(inner) - len(functions) - len(docstrings) <= STATEMENTS_MAX


def test_the_check_and_the_allocation_of_the_checkout_oversell(program: Program) -> None:
    """`allocate` is one UPDATE without a condition, so both buyers pass the check and allocate."""
    proof = explored(program, "buy_wrong")
    assert (proof["verdict"], proof["complete"], proof["caveats"]) == ("invalid", True, [])
    assert [anomaly["name"] for anomaly in proof["anomalies"]] == ["oversell", "negative-stock"]
    updates = [step for step in proof["witness"] if step["action"] == "update"]
    assert sorted(step["buyer"] for step in updates) == [0, 1]
    assert all("num_in_stock" not in step["text"].partition("WHERE")[2] for step in updates)


def test_a_locked_record_is_sold_once(program: Program) -> None:
    proof = explored(program, "buy_locked")
    assert (proof["verdict"], proof["complete"], proof["caveats"]) == ("valid", True, [])
