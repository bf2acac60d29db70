"""A counterexample of a user's own code accuses only if real processes confirm it."""

from __future__ import annotations

from typing import Any

import pytest

from booking.core.verdict import Outcome
from booking.experiments import second_look
from booking.report.exploration_document import exploration_document
from booking.report.terminal.console import console
from booking.report.terminal.exploration import show_proof
from tests.support.explorations import explored, shop

LOCKS = "tests.trust.locks"


@pytest.mark.parametrize("method", ["graph", "reduced", "plain"])
def test_a_lock_of_whole_processes_is_not_accused(method: Any) -> None:
    """`lockf` belongs to a process, and explored buyers share one: both stories are told."""
    proof = explored(2, 1, lock=f"{LOCKS}:ByProcess", method=method)
    found = proof.exploration
    assert found.outcome is Outcome.UNKNOWN
    assert (found.findings, found.complete, found.violating) == ({}, False, None)
    assert "explored in one process, ticket 1 is held twice" in proof.reason
    assert "in real processes it goes otherwise: step " in proof.reason
    assert proof.counterexample is not None
    assert proof.counterexamples == ()
    document = exploration_document(proof, None)
    assert (document["verdict"], document["anomalies"]) == ("unknown", [])
    assert document["witness"] is not None


@pytest.mark.parametrize("lock", [f"{LOCKS}:SaysYes", f"{LOCKS}:OwnFile", None])
def test_what_real_processes_confirm_is_invalid(lock: str | None) -> None:
    """With a lock that is none, and without one."""
    proof = explored(2, 1, store=shop("Shop"), lock=lock)
    assert proof.exploration.outcome is Outcome.INVALID
    assert proof.counterexamples


def test_what_no_real_process_can_have_is_invalid_without_a_doubt() -> None:
    """A store of explored buyers alone cannot be replayed; with a doubt it accuses of nothing."""
    sound = "tests.trust.stores:TwoInMemory"
    proof = explored(2, 1, store=sound, guard="atomic")
    assert proof.exploration.outcome is Outcome.INVALID
    doubted = explored(2, 1, store=shop("SilentMemory"))
    assert doubted.exploration.outcome is Outcome.UNKNOWN
    assert "can't be replayed" in doubted.reason or doubted.counterexample is None


def test_our_own_code_is_not_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tested in both worlds."""

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(second_look, "replay", never)
    assert explored(2, 1).exploration.outcome is Outcome.INVALID


def test_a_replay_that_fails_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the user's code, in another process."""

    def fails(*_: object) -> None:
        raise RuntimeError("no fork")

    monkeypatch.setattr(second_look, "replay", fails)
    proof = explored(2, 1, store=shop("Shop"))
    assert proof.exploration.outcome is Outcome.UNKNOWN
    assert "its replay fails: RuntimeError: no fork" in proof.reason


def test_a_disputed_counterexample_is_shown_without_a_cure() -> None:
    """The steps help to find out why; there is nothing to cure yet."""
    proof = explored(2, 1, lock=f"{LOCKS}:ByProcess")
    with console().capture() as captured:
        show_proof(proof, None)
    text = captured.get()
    assert "UNKNOWN" in text
    assert "steps to double-sold" in text
    assert "cure" not in text
