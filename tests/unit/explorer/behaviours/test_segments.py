"""A buyer that takes no step for too long proves nothing, and ends with the exploration."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from booking.core.steps import step
from booking.explorer.behaviours.buyers import BehaviourBuyers
from booking.explorer.behaviours.search import BehaviourExplorer
from booking.instrument.seam import Seam


def waits_at_once() -> bool:
    threading.Event().wait()
    return True


def waits_behind_a_step() -> bool:
    step("write", "stock")
    threading.Event().wait()
    return True


def waits_for_the_other(buyer: int) -> bool:
    """Wait where the other one was first, which no purchase of a buyer alone shows."""
    step("write", "stock")
    with Path("first.txt").open("a+") as file:
        file.seek(0)
        first = file.read() or str(buyer)
        file.write(first)
    if first != str(buyer):
        threading.Event().wait()
    return True


@pytest.mark.parametrize("buy, place", [
    (waits_at_once, "its beginning"),
    (waits_behind_a_step, "'write stock'"),
    (waits_for_the_other, "'write stock'"),
])  # fmt: skip
def test_a_long_segment_is_named_with_its_last_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, buy: Callable[..., bool], place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("booking.explorer.behaviours.buyers.SEGMENT_S", 0.2)
    buyers = BehaviourBuyers(buy, 2, Seam())
    pids = [buyer.pid for buyer in buyers.buyers]
    try:
        search = BehaviourExplorer(
            buyers, lambda: (tmp_path / "first.txt").unlink(missing_ok=True), lambda _: {},
            method="plain", symmetric=False, seconds_max=60,
        )  # fmt: skip
        found = search.explore()
    finally:
        buyers.close()
    assert (found.complete, found.shortest) == (False, None)
    assert any(f"took no step for 0 s after {place}" in caveat for caveat in found.caveats), found
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
