"""What a user's own code raises is an outcome, and never a crash of the explorer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from booking.core.protocols import Place
from booking.core.steps import saw, step
from booking.core.verdict import Outcome
from booking.errors import UsageError
from booking.experiments.replay import replay
from booking.testing import assert_sound
from booking.testing.strategies import Schedule
from tests.support.explorations import explored
from tests.support.shops import Shop

HERE = __name__


class HalfWritten(Shop):
    """Empties, then fills; who reads in between gets what `json` raises."""

    def read(self) -> int:
        step("read", self.resource)
        count = int(json.loads(self.path.read_bytes()))
        saw(count)
        return count

    def write(self, remaining: int) -> None:
        step("truncate", self.resource)
        with self.path.open("w") as file:
            step("write", self.resource, remaining)
            file.write(str(remaining))


class CountsReads(Shop):
    """Reads are counted in what the snapshot shows."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.log: Path = place.scratch / "reads"

    def read(self) -> int:
        count = super().read()
        self.log.write_text("x" * (1 + len(self.snapshot()[1])))
        return count

    def snapshot(self) -> tuple[str, str]:
        return self.path.read_text(), self.log.read_text() if self.log.exists() else ""


class NoSnapshot(Shop):
    """Its snapshot fails."""

    def snapshot(self) -> Any:
        raise KeyError("no such table")


class Unhashable(Shop):
    """Its snapshot is nothing that could be compared quickly."""

    def snapshot(self) -> Any:
        return [self.path.read_text()]


class NeverCloses(Shop):
    """Its close fails, in each buyer."""

    def close(self) -> None:
        raise RuntimeError("closed already")


class NeverOpens(Shop):
    """It cannot be reset."""

    def reset(self, tickets: int) -> None:
        raise ZeroDivisionError("no tickets")


def reason(name: str, **more: Any) -> str:
    proof = explored(2, 2, store=f"{HERE}:{name}", lock="flock", **more)
    assert proof.exploration.outcome is Outcome.UNKNOWN
    return proof.reason


@pytest.mark.parametrize("method", ["graph", "reduced", "plain"])
def test_half_a_file_that_raises_an_error_of_its_own(method: Any) -> None:
    """Under a lock none reads it; a search does, and its error is told."""
    sound = explored(2, 2, store=f"{HERE}:HalfWritten", lock="flock", method=method)
    assert sound.exploration.outcome is Outcome.VALID, sound.reason
    found = reason("HalfWritten", method=method, search=True)
    assert "buyer's code failed: JSONDecodeError: Expecting value" in found


@pytest.mark.parametrize("method", ["graph", "reduced", "plain"])
def test_a_read_that_changes_what_is_shown_is_a_doubt(method: Any) -> None:
    """The harness reads, too: a state would be another one for having been looked at."""
    assert "a read must change nothing" in reason("CountsReads", method=method)


@pytest.mark.parametrize("name, error", [("NoSnapshot", "KeyError"), ("Unhashable", "TypeError")])
def test_a_snapshot_that_fails_is_a_doubt(name: str, error: str) -> None:
    """At the very start."""
    assert f"{name}.snapshot: it fails: {error}" in reason(name)


def test_a_close_that_fails_is_a_doubt() -> None:
    """But real processes fail of it, so nothing confirms the proof."""
    found = reason("NeverCloses")
    assert "a sale of real processes: it could not be run: UsageError: store NeverClo" in found
    assert "RuntimeError: closed already" in found


def test_a_store_that_cannot_be_set_up_is_told_in_a_line() -> None:
    """It is the user's error: exit code 2."""
    with pytest.raises(UsageError, match="setting up the sale fails: ZeroDivisionError"):
        explored(2, 2, store=f"{HERE}:NeverOpens")


def test_a_counterexample_of_such_a_store_replays() -> None:
    """Real processes meet half a file as well, and the harness reads none."""
    proof = explored(2, 1, store=f"{HERE}:HalfWritten")
    assert proof.counterexample is not None
    assert replay(proof.counterexample, 2).outcome is Outcome.INVALID


@pytest.mark.parametrize("name", ["CountsReads", "NoSnapshot", "Unhashable"])
def test_a_test_of_a_user_fails_with_the_doubt(name: str) -> None:
    """No exception of ours comes out of it."""
    with pytest.raises(AssertionError, match="unknown: "):
        assert_sound(f"{HERE}:{name}", Schedule(2), tickets=2, lock="flock")


@pytest.mark.parametrize("method", ["graph", "reduced", "plain"])
def test_a_sale_in_which_nothing_can_be_sold_proves_nothing(method: Any) -> None:
    """Neither without tickets, nor where no answer is definite."""
    for tickets, guard in ((0, "none"), (2, "tests.trust.guards:AnswersInfo")):
        proof = explored(2, tickets, lock="flock" if tickets else None, guard=guard, method=method)
        assert proof.exploration.outcome is Outcome.UNKNOWN
        assert "nothing was at stake" in proof.reason
