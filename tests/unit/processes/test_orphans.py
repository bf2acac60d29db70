"""Processes that a buyer forked and left are ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Sell
from tests.support.process_tree import METHODS, processes

SUPERVISOR = "supervisor.py"  # of a private server


def test_what_a_buyer_leaves_behind_is_ended(sell: Sell) -> None:
    """A child that a buyer forked and forgot belongs to the buyer's group."""
    sale = sell(behaviour="tests.support.planted:fork_and_leave", buyers=2, lock="flock")
    assert sale["answers"] == "valid"
    counts = {name: sale["processes"][name] for name in ("alive", "zombies", "orphans")}
    assert counts == {"alive": 0, "zombies": 0, "orphans": 0}


@pytest.mark.sweep(usual=lambda method: method != "spawn")
@pytest.mark.parametrize("method", METHODS)
def test_a_session_of_its_own_does_not_hide_what_a_buyer_left(sell: Sell, method: str) -> None:
    """The process becomes a child of the harness, which ends it."""
    flags = {"behaviour": "tests.support.planted:new_session", "buyers": 2, "lock": "flock"}
    sale = sell(**flags, start_method=method, control=False)
    assert sale["answers"] == "valid"
    assert sale["processes"]["orphans"] == 0
    children = [
        Path(f"/proc/{pid}/cmdline").read_text()
        for pid, parent in processes().items()
        if parent == sale["end"]["harness_pid"]
    ]
    # Its own helpers stay: the fork server, and private servers of sales before this one.
    unknown = [
        line for line in children if "multiprocessing" not in line and SUPERVISOR not in line
    ]
    assert unknown == []
