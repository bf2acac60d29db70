"""A pool of controlled workers: one that blocks in a lock does not stop the others."""

from __future__ import annotations

import pytest

from booking.core.assembly import assemble
from booking.core.scenario import from_flags
from booking.core.verdict import Outcome
from booking.experiments.scheduled import run_scheduled
from booking.processes.controlled_pool import ControlledPool
from booking.schedulers.choices import ChoicesScheduler


def test_a_lock_that_blocks_does_not_block_the_schedule(tmp_path):
    """A buyer that was let pass an acquire waits in the call, and the others go on."""
    scenario = from_flags({"buyers": 2, "tickets": 2, "lock": "flock"}).but(seed=1, search=False)
    store = assemble(scenario).build_store(tmp_path)
    store.reset(2)
    with ControlledPool(
        scenario, store, assemble(scenario).build_guard(tmp_path, store), [1, 1], timeouts=True
    ) as pool:
        run = pool.run(ChoicesScheduler([0, 1]))
    assert run.blocked == [1]
    assert run.hung == []
    assert [event.value for event in run.events if event.type == "ok"] == [2, 1]


@pytest.mark.parametrize(
    "guard, buyers, hung",
    [("Steps", 2, [0, 1]), ("StepsForTwo", 3, [2]), ("SlowStepsForTwo", 3, [2])],
)
def test_buyers_that_spin_through_steps_are_ended(guard, buyers, hung, monkeypatch):
    """By the number of their steps, or by time; who has ended in between has not hung."""
    monkeypatch.setattr("booking.processes.controlled_pool.STEPS_MAX", 300)
    given = {"guard": f"tests.support.endless:{guard}", "lock": "flock", "timeout": "200ms"}
    sale = run_scheduled(from_flags({**given, "buyers": buyers}).but(seed=1), "random")
    assert (sale.verdict.outcome, sale.history.end.hung) == (Outcome.INVALID, hung)
    assert len(sale.history.steps()) <= 400


def test_a_long_sale_under_a_schedule_is_no_hang(monkeypatch):
    """Its steps are many, and its orders end."""
    monkeypatch.setattr("booking.processes.controlled_pool.STEPS_MAX", 30)
    scenario = from_flags({"buyers": 2, "tickets": 60, "lock": "flock"})
    sale = run_scheduled(scenario.but(seed=1, until_sold_out=True, control=False), "random")
    assert (sale.verdict.outcome, sale.sold) == (Outcome.VALID, 60)
    assert len(sale.history.steps()) > 200
