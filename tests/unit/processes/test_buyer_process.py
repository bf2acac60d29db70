"""A buyer's process: its pid and parent, its mistakes and its prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import LIMIT_S, ROOT, Sell


def test_a_buyer_with_a_mistake_is_no_pass(sell: Sell) -> None:
    """The report names the error and its place; no traceback is printed."""
    sale = sell(behaviour="tests.support.planted:crash", buyers=2)
    assert sale["verdict"] == "unknown"
    assert "ValueError: a mistake (tests/support/planted.py:" in sale["reason"]
    assert sale["processes"]["crashed"] == 2


def test_pids_and_parents_are_recorded(sell: Sell) -> None:
    """Ten buyers are ten processes, and the harness is the parent of all."""
    sale = sell(buyers=10)
    pids = {event["pid"] for event in sale["events"]}
    parents = {event["ppid"] for event in sale["events"]}
    assert len(pids) == 10
    assert parents == {sale["end"]["harness_pid"]}
    assert not pids & parents


def test_a_buyers_print_does_not_spoil_the_answer(tmp_path: Path) -> None:
    """Standard output belongs to the harness."""
    done = subprocess.run(
        [sys.executable, "-m", "booking", "simulate", "--json", "--behaviour",
         "tests.support.planted:talk", "--buyers", "2"],
        cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["processes"]["started"] == 2
    assert done.stderr.count("a buyer talks") == 2
