"""The cure that a report names suits the store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from booking.core.assembly import assemble
from booking.core.command_line import replay_command
from booking.core.scenario import Fault
from booking.core.verdict import Anomaly, AnomalyName, Outcome, Verdict
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


@pytest.mark.parametrize(
    "changes, name, words",
    [
        ({"store": "memory"}, "oversell", "--lock=flock"),
        ({"store": "memory", "guard": "lock", "lock": "mutex"}, "oversell", "--lock=mutex"),
        ({"store": "json-inplace"}, "torn-read", "--lock=flock"),
        ({"store": "json-inplace", "guard": "lock", "lock": "soft"}, "torn-read", "--lock=soft"),
        ({"guard": "lock", "lock": "mutex"}, "hang", "--lock=flock"),
        ({"store": "sqlite", "guard": "compensate"}, "undersell", "--store sqlite --guard atomic"),
    ],
)
def test_a_cure_is_one_command_that_changes_all_that_must_change(
    changes: dict[str, str], name: str, words: str
) -> None:
    """A count that all see still needs a guard; an unsound guard gives way to a sound one."""
    wrong = Verdict(Outcome.INVALID, "", (Anomaly(AnomalyName(name), ""),))
    sale = replace(OVERSOLD, assembly=assemble(SCENARIO.but(**changes)), verdict=wrong)
    told = cure(sale, replay_command)
    assert told is not None
    assert told.command == f"booking simulate {words} --buyers 2 --tickets 3 --seed 7"


@pytest.mark.parametrize("faults", [0, 1])
def test_a_cure_says_that_a_planned_fault_may_never_come(faults: int) -> None:
    """Another guard takes other steps: such a sale is unknown, not sound."""
    planned = [Fault(kind="pause", buyer=0, before="replace")] * faults
    sale = replace(OVERSOLD, assembly=assemble(SCENARIO.but(faults=planned)))
    told = cure(sale, replay_command)
    assert told is not None
    assert ("the planned fault never comes" in told.purpose) == bool(faults)


def test_a_sound_guard_that_broke_has_no_cure() -> None:
    """What broke it is not known."""
    sale = replace(OVERSOLD, assembly=assemble(SCENARIO.but(guard="lock", lock="flock")))
    assert cure(sale, replay_command) is None


class Takes(MemorySharedStore):
    """A store of a buyer's own."""

    def take(self, quantity: int) -> int | None:
        return None
