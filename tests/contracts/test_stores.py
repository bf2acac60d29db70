"""What every registered store keeps to; a new one is tested without a new test."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking.core.protocols import Place, Store
from booking.core.registry import build, members
from booking.core.steps import driven_by
from booking.history.actions import Action
from booking.testing import StoreContract
from booking.testing.contracts.drivers import StepRecorder
from tests.support.variants import contract_tests

NAMES = [name for name, _ in members("store")]

globals().update(contract_tests(StoreContract, ({"store": name} for name in NAMES)))


@pytest.mark.parametrize("name", NAMES)
def test_a_write_has_one_step_or_two(name: str, tmp_path: Path) -> None:
    """Its actions are known, so that every mode knows what they do."""
    store: Store = build("store", name, Place("", tmp_path))
    store.reset(3)
    recorder = StepRecorder()
    with driven_by(recorder):
        store.write(2)
    assert 1 <= len(recorder.steps) <= 2
    assert {action for action, _ in recorder.steps} <= set(Action)
    store.close()
