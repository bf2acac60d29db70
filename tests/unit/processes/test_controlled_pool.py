"""A pool of controlled workers: one that blocks in a lock does not stop the others."""

from __future__ import annotations

from booking.core.assembly import assemble
from booking.core.scenario import from_flags
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
