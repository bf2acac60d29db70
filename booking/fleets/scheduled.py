"""A fleet of real processes under a chosen schedule: a race is found by order, not by luck."""

from __future__ import annotations

import os
import time
from typing import Any, cast

from booking.core.protocols import Guard, Lock, Store
from booking.core.scenario import Scenario
from booking.fleets.listener import Listener, NullListener
from booking.history.lock_state import waits
from booking.history.model import History, SaleEnd
from booking.processes.asked_lock import AskedLock
from booking.processes.controlled_pool import ControlledPool, ControlledRun, history_of
from booking.processes.resource_limits import ensure_room
from booking.processes.server_probe import silent_servers
from booking.schedulers.scheduler import scheduler


class ScheduledFleet:
    """Buyers as processes of this machine, of which one at a time goes on."""

    def __init__(self, schedule: str, listener: Listener | None = None) -> None:
        self.schedule = schedule
        self.listener = listener or NullListener()
        self.controlled_run: ControlledRun | None = None

    @property
    def met(self) -> bool:
        """Whether a buyer came to a lock that another one held: its order begins after that."""
        return self.controlled_run is not None and self.controlled_run.met

    def lock(self, lock: Lock) -> Lock:
        """Return the lock as its buyers get it: it answers at once, and the schedule waits."""
        asked: Any = AskedLock(lock)
        return cast("Lock", asked)

    def ensure_room(self, scenario: Scenario) -> None:
        """Refuse a sale that this machine cannot hold, before anything is touched."""
        ensure_room(scenario)

    def run(self, scenario: Scenario, store: Store, guard: Guard) -> History:
        """Run one sale; return its history, without the counts that only the caller can know."""
        buyers = scenario.buyers
        started_ns = time.monotonic_ns()
        chosen = scheduler(self.schedule, scenario.seed or 0, buyers)
        pool = ControlledPool(scenario, store, guard, [scenario.quantity] * buyers)
        try:
            opened_ns = time.monotonic_ns()
            self.listener.opened(opened_ns)
            run = self.controlled_run = pool.run(chosen)
            unanswered = silent_servers(scenario, store, guard) if run.hung else []
        finally:
            census = pool.close()
        self.listener.progress("sell", buyers, buyers, run.events)
        history = history_of(run, None, None)
        last_steps = {int(step.process): step for step in run.steps()}
        history.end = SaleEnd(
            harness_pid=os.getpid(),
            started=buyers,
            started_ns=started_ns,
            opened_ns=opened_ns,
            ended_ns=time.monotonic_ns(),
            crashed=run.failed,
            hung=run.hung,
            unanswered=unanswered,
            let_in=[str(found) for found in run.let_in],
            waits=waits(run.hung, last_steps, run.steps()),
            alive=census.alive,
            zombies=census.zombies,
            orphans=census.orphans,
        )
        return history
