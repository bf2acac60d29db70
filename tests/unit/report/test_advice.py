"""The cure that a report names suits the store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from booking.core.assembly import assemble
from booking.core.command_line import replay_command
from booking.report.advice import cure
from booking.stores.memory_shared import MemorySharedStore
from tests.support.sales import OVERSOLD, SCENARIO


@pytest.mark.parametrize(
    "store", ["sqlite", "postgresql://me:x@host/db", "tests.unit.report.test_advice:Takes"]
)
def test_a_store_that_can_check_and_take_at_once_needs_no_lock(store: str) -> None:
    """A lock would keep apart buyers of one machine only."""
    told = cure(replace(OVERSOLD, assembly=assemble(SCENARIO.but(store=store))), replay_command)
    assert told is not None
    assert "--guard atomic" in told.command
    assert "--lock" not in told.command


class Takes(MemorySharedStore):
    """A store of a buyer's own."""

    def take(self, quantity: int) -> int | None:
        return None
