"""A pool of controlled workers: one that blocks unforeseen does not hold the others up."""

from __future__ import annotations

from booking.core.assembly import assemble
from booking.core.scenario import from_flags
from booking.processes.controlled_pool import ControlledPool


def test_a_lock_that_blocks_unforeseen_does_not_block_the_schedule(tmp_path):
    """Let through although another holds it: it waits inside, and the others go on."""
    scenario = from_flags({"buyers": 2, "tickets": 2, "lock": "flock"}).but(seed=1, search=False)
    store = assemble(scenario).build_store(tmp_path)
    store.reset(2)
    with ControlledPool(
        scenario, store, assemble(scenario).build_guard(tmp_path, store), [1, 1], timeouts=True
    ) as troupe:
        order = iter([0, 1])
        told = troupe.perform(lambda able: next(order, able[0]))
    assert told.blocked == [1]
    assert told.hung == []
    assert [one.value for one in told.events if one.type == "ok"] == [2, 1]
