"""A fleet of real processes under a chosen schedule: a race is found by order, not by luck."""

from __future__ import annotations

import os
import time

from booking.core.protocols import Guard, Store
from booking.core.scenario import Scenario
from booking.fleets.listener import Listener, NullListener
from booking.history.lock_state import waits
from booking.history.model import Event, History, SaleEnd, Wait
from booking.processes.controlled_pool import ControlledPool, ControlledRun, history_of
from booking.processes.resource_limits import ensure_room
from booking.schedulers.pct import scheduler


class ScheduledFleet:
    """Buyers as processes of this machine, of which one at a time goes on."""

    def __init__(self, schedule: str, watcher: Listener | None = None) -> None:
        self.schedule = schedule
        self.watcher = watcher or NullListener()
        self.told: ControlledRun | None = None

    def ensure_room(self, scenario: Scenario) -> None:
        """Refuse a sale that this machine cannot hold, before anything is touched."""
        ensure_room(scenario.buyers, scenario.start_method)

    def run(self, scenario: Scenario, store: Store, guard: Guard) -> History:
        """Run one sale; give its history, without the counts that only the caller can know."""
        started_ns = time.monotonic_ns()
        choose = scheduler(self.schedule, scenario.seed or 0, scenario.buyers)
        troupe = ControlledPool(scenario, store, guard, [scenario.quantity] * scenario.buyers)
        try:
            opened_ns = time.monotonic_ns()
            self.watcher.opened(opened_ns)
            told = self.told = troupe.perform(choose)
        finally:
            census = troupe.close()
        self.watcher.progress("sell", scenario.buyers, scenario.buyers, told.events)
        history = history_of(told, None, None)
        last = {int(one.process): one for one in told.steps()}
        history.end = SaleEnd(
            harness_pid=os.getpid(),
            started=scenario.buyers,
            started_ns=started_ns,
            opened_ns=opened_ns,
            ended_ns=time.monotonic_ns(),
            crashed=told.failed,
            hung=told.hung,
            waits=self._waits(told, last),
            alive=census["alive"],
            zombies=census["zombies"],
            orphans=census["orphans"],
        )
        return history

    def _waits(self, told: ControlledRun, last: dict[int, Event]) -> list[Wait]:
        return waits(told.hung, last, told.steps())
