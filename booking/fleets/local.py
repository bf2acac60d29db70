"""The local fleet: every buyer a process of this machine."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import msgspec

from booking.core.protocols import Guard, Store
from booking.core.scenario import Fault, Scenario
from booking.faults.injector import injected
from booking.fleets.endless_orders import EndlessOrders
from booking.fleets.follower import EventFollower
from booking.fleets.listener import Listener, NullListener
from booking.history.lock_state import waits
from booking.history.model import Event, History, SaleEnd
from booking.processes.buyer_process import FAILED, BuyerSpec, buyer_process
from booking.processes.clerk_supervisor import ClerkSupervisor
from booking.processes.orphans import Census
from booking.processes.process_group import ProcessGroup
from booking.processes.resource_limits import ensure_room
from booking.processes.server_probe import silent_servers
from booking.processes.start_barrier import StartBarrier
from booking.recording.event_log import EventLogReader, create
from booking.system.signals import signals_blocked

TICK_S = 0.05
TICK_EACH_S = 0.0005  # reading a thousand event logs takes a while: look less often
SPIN_TIMES = 3  # the quiet time: steps without the end of any operation lead nowhere
SPIN_LOOK_S = 1.0  # how often their ends are looked for
QUIET_S = 0.5  # without a sign of life for so long, buyers may have ended unseen
START_S = 30.0
START_EACH_S = 0.5
OF_A_CUT_LOG = {0, -signal.SIGBUS}  # how a buyer ends whose log is gone, or was cut off under it
EXIT_CODES = {"kill": -signal.SIGKILL, "terminate": -signal.SIGTERM, "raise": FAILED}


class LocalFleet:
    """Buyers as processes of this machine: fork, spawn or forkserver."""

    def __init__(self, folder: Path, listener: Listener | None = None) -> None:
        self.folder = folder
        self.listener = listener or NullListener()

    def ensure_room(self, scenario: Scenario) -> None:
        """Refuse a sale that this machine cannot hold, before anything is touched."""
        ensure_room(scenario)

    def run(self, scenario: Scenario, store: Store, guard: Guard) -> History:
        """Run one sale; return its history, without the counts that only the caller can know."""
        return _LocalRun(self.folder, self.listener, scenario, store, guard).history()


class _LocalRun:
    """One sale from the first process to the last."""

    def __init__(
        self, folder: Path, listener: Listener, scenario: Scenario, store: Store, guard: Guard
    ) -> None:
        self.folder = folder
        self.listener = listener
        self.scenario, self.store, self.guard = scenario, store, guard
        self.start_barrier = StartBarrier()
        self.start_timeout_s = START_S + START_EACH_S * scenario.buyers
        self.tick_s = TICK_S + TICK_EACH_S * scenario.buyers
        self.specs = [
            BuyerSpec(
                number, scenario, store, guard, self.start_barrier, folder, offset_s,
                self.start_timeout_s,
            )
            for number, offset_s in enumerate(_arrivals(scenario))
        ]  # fmt: skip
        self.processes = ProcessGroup([buyer_process(spec) for spec in self.specs])
        self.clerk_supervisor = ClerkSupervisor(scenario, store, guard, folder, self.processes)
        for spec in self.specs:
            create(spec.event_log, spec.number)
        self.readers = [EventLogReader(spec.event_log, spec.number) for spec in self.specs]
        self.follower = EventFollower(self.readers, listener)
        self.hung: list[int] = []  # ended in the middle of an operation
        self.silent: list[int] = []  # ended between two operations
        self.lost: list[int] = []  # ended because their logs show nothing any more
        self.unanswered: list[str] = []  # servers that were silent when no buyer moved
        self.closed: list[int] = []  # ended because the harness left
        self.opened_ns = self.started_ns = 0
        self.ended = 0  # processes
        self.endless_orders = EndlessOrders([spec.event_log for spec in self.specs])
        self.moved_s = self.looked_s = self.counted_s = self.ended_s = time.monotonic()

    def history(self) -> History:
        """Run the sale and gather what its buyers recorded."""
        gc.freeze()  # so that forked buyers share the harness's memory instead of copying it
        self.started_ns = time.monotonic_ns()
        try:
            self.clerk_supervisor.open(self.start_timeout_s)
            if self.scenario.arrival == "serial":
                self._run_serially()
            else:
                self._run_together()
        finally:
            with signals_blocked():  # a second Ctrl-C would leave processes behind
                self.closed += self.processes.end()
                self.clerk_supervisor.close()
                census = self.processes.reap_orphans()
                self.start_barrier.close()
                gc.unfreeze()
        self.closed = [number for number in self.closed if number not in self.hung]
        return self._gather(census)

    def _run_together(self) -> None:
        buyers = self.scenario.buyers
        for number in range(buyers):
            self.processes.start(number)
            self._publish("start", number + 1)
        self._await_arrivals()
        self._open(buyers)
        self._await_end(self.specs[-1].arrives_after_s)

    def _run_serially(self) -> None:
        self._open(self.scenario.buyers)
        for number in range(self.scenario.buyers):
            self.processes.start(number)
            self._await_end(0)
            if self.hung or self.closed:
                return

    def _open(self, buyers: int) -> None:
        self.opened_ns = time.monotonic_ns()
        self.listener.opened(self.opened_ns)
        self.start_barrier.open(buyers)

    def _await_arrivals(self) -> None:
        """Wait until every buyer has arrived at the start barrier, or has ended before."""
        buyers = self.scenario.buyers
        arrived, deadline = 0, time.monotonic() + self.start_timeout_s
        while arrived + len(self.processes.exit_codes) < buyers and time.monotonic() < deadline:
            self.processes.wait(self.tick_s, self.start_barrier.fileno)
            self.processes.reap_ended()
            if self.start_barrier.has_arrivals():
                arrived += self.start_barrier.count_arrivals()
            self._publish("arrive", arrived)

    def _await_end(self, last_arrival_s: float) -> None:
        """Wait until every buyer has ended, none moves any more, or the harness is to leave."""
        scenario = self.scenario
        self.moved_s = self.ended_s = time.monotonic() + last_arrival_s
        timeout_s = scenario.timeout + scenario.delay.high_s + scenario.paused_s
        leave_s = _leave_s(scenario)
        while self.processes.alive:
            if self.processes.wait(self.tick_s, self.clerk_supervisor.sentinel):
                self.moved_s = max(self.moved_s, time.monotonic())
            self.clerk_supervisor.replace_dead()
            self._look()
            now_s = time.monotonic()
            if now_s - self.moved_s > QUIET_S:
                self.processes.reap_ended()  # a child of a buyer keeps the buyer's pipe open
            if now_s > leave_s:
                self.closed += self.processes.end(signal.SIGTERM)
            elif now_s - self.moved_s > timeout_s:
                self._look(now=True)
                self._end_stalled(sorted(self.processes.alive))
            elif now_s - self.counted_s > SPIN_LOOK_S:
                self._end_spinning(now_s, SPIN_TIMES * timeout_s)
        self._look(now=True)

    def _end_stalled(self, stalled: list[int]) -> None:
        """Kill stalled buyers: a buyer in the middle of an operation is hung, others are silent.

        A server that does not answer is asked first: it may keep every buyer waiting.
        """
        moved_s = self.moved_s
        unanswered = silent_servers(self.scenario, self.store, self.guard)
        self._look(now=True)
        if self.moved_s > moved_s:
            return  # a buyer goes on
        self.unanswered = unanswered
        for number in stalled:
            in_operation = self.follower.has_open_operation(number)
            if not self.readers[number].is_whole():
                self.lost.append(number)
            else:
                (self.hung if in_operation else self.silent).append(number)
        self.processes.end()

    def _end_spinning(self, now_s: float, limit_s: float) -> None:
        """Kill buyers that take step after step, and end nothing that they began."""
        self.counted_s = now_s
        alive = sorted(self.processes.alive)
        if self.endless_orders.look(alive) or len(self.processes.exit_codes) > self.ended:
            self.ended_s, self.ended = now_s, len(self.processes.exit_codes)
        endless = self.endless_orders.endless(alive)
        if not endless and now_s - self.ended_s <= limit_s:
            return
        ended = endless or alive  # where one spins, the others may go on
        for number in ended:
            in_operation = self.follower.has_open_operation(number)
            (self.hung if in_operation else self.silent).append(number)
        self.processes.end(only=ended)

    def _look(self, *, now: bool = False) -> None:
        """Read what was recorded since the last look, once a tick."""
        now_s = time.monotonic()
        if not now and now_s - self.looked_s < self.tick_s:
            return
        self.looked_s = now_s
        if self.follower.look(range(self.scenario.buyers) if now else self.processes.alive):
            self.moved_s = max(self.moved_s, now_s)
        self._publish("sell", len(self.processes.exit_codes))

    def _publish(self, phase: str, done: int) -> None:
        self.follower.publish(phase, done, hold_back=bool(self.processes.alive))

    def _gather(self, census: Census) -> History:
        """Merge the event logs; an order that never completed is of unknown outcome."""
        events = self.follower.drain(self.clerk_supervisor.readers)
        now_ns = time.monotonic_ns()
        for number, reader in enumerate(self.readers):
            if reader.open_operation is not None:
                events.append(self._unknown(reader.open_operation, number, now_ns))
        events.sort(key=lambda event: event.time)
        numbered = [
            msgspec.structs.replace(event, index=index) for index, event in enumerate(events, 1)
        ]
        return History(None, None, numbered, {}, self._end(census, numbered, now_ns))

    def _unknown(self, invoke: Event, number: int, now_ns: int) -> Event:
        error = "hung" if number in self.hung else self._death(number)
        return msgspec.structs.replace(invoke, type="info", value=None, time=now_ns, error=error)

    def _death(self, number: int) -> str:
        code = self.processes.exit_codes.get(number, 0)
        if code < 0:
            return f"died of {signal.Signals(-code).name}"
        return self.readers[number].note or f"ended with exit code {code}"

    def _end(self, census: Census, events: list[Event], now_ns: int) -> SaleEnd:
        """Return what became of the processes."""
        faults, exit_codes = self.scenario.faults, self.processes.exit_codes
        steps = [event for event in events if event.type == "step"]
        last_steps = {n: reader.last_step for n, reader in enumerate(self.readers)}
        happened = injected(self.folder, faults)
        return SaleEnd(
            harness_pid=os.getpid(),
            started=len(self.processes.pids),
            started_ns=self.started_ns,
            opened_ns=self.opened_ns,
            ended_ns=now_ns,
            crashed=self._crashed(),
            clerks=len(self.clerk_supervisor.readers),
            struck=happened,
            planned=_died_as_planned(faults, happened, exit_codes, self.clerk_supervisor.deaths),
            closed={number: exit_codes.get(number) for number in self.closed},
            hung=self.hung,
            silent=self.silent,
            unlogged=self._unlogged(),
            unanswered=self.unanswered,
            waits=waits(self.hung, {n: step for n, step in last_steps.items() if step}, steps),
            alive=census.alive,
            zombies=census.zombies,
            orphans=census.orphans,
        )

    def _crashed(self) -> dict[int | str, str]:
        """Return why each process ended that neither finished nor was ended by the harness."""
        ended = {*self.hung, *self.silent, *self.lost, *self.closed}
        crashed: dict[int | str, str] = {
            number: self._death(number)
            for number, code in sorted(self.processes.exit_codes.items())
            if not self.readers[number].done and number not in ended
            if code not in OF_A_CUT_LOG or self.readers[number].is_whole()
        }
        if cause := self.clerk_supervisor.cause():
            crashed["clerk"] = cause
        return crashed

    def _unlogged(self) -> list[int | str]:
        """Return the processes whose logs are missing, cut short, or end before they did."""
        unlogged: list[int | str] = [
            number
            for number, code in sorted(self.processes.exit_codes.items())
            if not self.readers[number].is_whole() or (code == 0 and not self.readers[number].done)
        ]
        if not all(reader.is_whole() for reader in self.clerk_supervisor.readers):
            unlogged.append("clerk")
        return unlogged


def _arrivals(scenario: Scenario) -> list[float]:
    """Return how long after the opening each buyer arrives, in seconds, ascending."""
    rate = scenario.rate_per_s
    if rate is None:
        return [0.0] * scenario.buyers
    random = Random(f"{scenario.seed}/arrivals")
    at_s, offsets = 0.0, []
    for _ in range(scenario.buyers):
        at_s += random.expovariate(rate)
        offsets.append(at_s)
    return offsets


def _died_as_planned(
    faults: Sequence[Fault],
    injected: Mapping[int, int | str],
    exit_codes: Mapping[int, int],
    clerk_deaths: Sequence[int],
) -> list[int | str]:
    """Return the processes that died of a planned fault, and of nothing else later.

    Several clerks may die: each of their deaths must be a planned one.
    """
    expected = {number: EXIT_CODES.get(faults[number].kind) for number in injected}
    for_clerks = {expected[number] for number, who in injected.items() if isinstance(who, str)}
    clerks_planned = set(clerk_deaths) <= for_clerks
    return [
        who
        for number, who in injected.items()
        if (clerks_planned if isinstance(who, str) else expected[number] == exit_codes.get(who))
    ]


def _leave_s(scenario: Scenario) -> float:
    """Return when the harness leaves its buyers; it must wait for those that are no daemons."""
    if scenario.close_after is None or not scenario.daemon:
        return float("inf")
    return time.monotonic() + scenario.close_after
