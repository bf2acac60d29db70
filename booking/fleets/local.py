"""The local fleet: every buyer a process of this machine."""

from __future__ import annotations

import gc
import os
import signal
import time
from bisect import bisect
from pathlib import Path
from random import Random

import msgspec

from booking.core.protocols import Guard, Store
from booking.core.scenario import Scenario
from booking.faults.injector import struck
from booking.fleets.listener import Listener, NullListener
from booking.history.lock_state import waits
from booking.history.model import Event, History, SaleEnd
from booking.processes.buyer_process import FAILED, BuyerSpec, buyer_process
from booking.processes.clerk_supervisor import ClerkSupervisor
from booking.processes.process_group import ProcessGroup, interrupts_held
from booking.processes.resource_limits import ensure_room
from booking.processes.start_barrier import StartBarrier
from booking.recording.event_log import EventLogReader

TICK_S = 0.05
TICK_EACH_S = 0.0005  # reading a thousand logbooks takes a while: look less often
QUIET_S = 0.5
HOLD_BACK_NS = 20_000_000
START_S = 30.0
START_EACH_S = 0.5


class LocalFleet:
    """Buyers as processes of this machine: fork, spawn or forkserver."""

    def __init__(self, folder: Path, watcher: Listener | None = None) -> None:
        self.folder = folder
        self.watcher = watcher or NullListener()

    def ensure_room(self, scenario: Scenario) -> None:
        """Refuse a sale that this machine cannot hold, before anything is touched."""
        ensure_room(scenario.buyers, scenario.start_method)

    def run(self, scenario: Scenario, store: Store, guard: Guard) -> History:
        """Run one sale; give its history, without the counts that only the caller can know."""
        return _Run(self.folder, self.watcher, scenario, store, guard).history()


class _Run:
    """One sale from the first process to the last."""

    def __init__(
        self, folder: Path, watcher: Listener, scenario: Scenario, store: Store, guard: Guard
    ) -> None:
        self.folder = folder
        self.watcher = watcher
        self.scenario = scenario
        self.gate = StartBarrier()
        self.start_limit_s = START_S + START_EACH_S * scenario.buyers
        self.tick_s = TICK_S + TICK_EACH_S * scenario.buyers
        self.attendances = [
            BuyerSpec(
                number, scenario, store, guard, self.gate, folder, offset_s, self.start_limit_s
            )
            for number, offset_s in enumerate(_arrivals(scenario))
        ]
        self.roster = ProcessGroup([buyer_process(one) for one in self.attendances])
        self.staff = ClerkSupervisor(scenario, store, guard, folder, self.roster)
        self.tails = [EventLogReader(one.logbook, one.number) for one in self.attendances]
        self.events: list[Event] = []
        self.fresh: list[Event] = []
        self.hung: list[int] = []
        self.silent: list[int] = []
        self.closed: list[int] = []
        self.opened_ns = self.started_ns = 0
        self.moved_s = self.looked_s = time.monotonic()

    def history(self) -> History:
        """Run the sale and gather what its buyers wrote down."""
        gc.freeze()  # so that forked buyers share the harness's memory instead of copying it
        self.started_ns = time.monotonic_ns()
        try:
            self.staff.open(self.start_limit_s)
            if self.scenario.arrival == "serial":
                self._one_after_another()
            else:
                self._all_together()
        finally:
            with interrupts_held():  # a second Ctrl-C would leave somebody behind
                self.closed += self.roster.end()
                self.staff.close()
                census = self.roster.tidy()
                self.gate.close()
                gc.unfreeze()
        return self._gather(census)

    def _all_together(self) -> None:
        buyers = self.scenario.buyers
        for number in range(buyers):
            self.roster.start(number)
            self._tell("start", number + 1)
        self._await_arrivals()
        self._open(buyers)
        self._await_end(self.attendances[-1].arrives_after_s)

    def _one_after_another(self) -> None:
        self._open(self.scenario.buyers)
        for number in range(self.scenario.buyers):
            self.roster.start(number)
            self._await_end(0)
            if self.hung or self.closed:
                return

    def _open(self, buyers: int) -> None:
        self.opened_ns = time.monotonic_ns()
        self.watcher.opened(self.opened_ns)
        self.gate.open(buyers)

    def _await_arrivals(self) -> None:
        """Wait until every buyer is at the gate, or has died on the way."""
        buyers = self.scenario.buyers
        arrived, deadline = 0, time.monotonic() + self.start_limit_s
        while arrived + len(self.roster.exit_codes) < buyers and time.monotonic() < deadline:
            self.roster.wait(self.tick_s, self.gate.fileno)
            self.roster.look()
            if self.gate.crowded():
                arrived += self.gate.arrived()
            self._tell("arrive", arrived)

    def _await_end(self, last_arrival_s: float) -> None:
        """Wait until everybody is done, nothing moves any more, or the harness is to leave."""
        scenario = self.scenario
        self.moved_s = time.monotonic() + last_arrival_s
        limit_s = scenario.timeout + scenario.delay.high_s + scenario.paused_s
        leave_s = _leave_s(scenario)
        while self.roster.alive:
            if self.roster.wait(self.tick_s, self.staff.news):
                self.moved_s = max(self.moved_s, time.monotonic())
            self.staff.look()
            self._look()
            now_s = time.monotonic()
            if now_s - self.moved_s > QUIET_S:
                self.roster.look()  # a child that a buyer left behind keeps his pipe open
            if now_s > leave_s:
                self.closed += self.roster.end(signal.SIGTERM)
            elif now_s - self.moved_s > limit_s:
                self._look(now=True)
                self._give_up(sorted(self.roster.alive))
        self._look(now=True)

    def _give_up(self, still: list[int]) -> None:
        """End who moves no more: in the middle of something it hangs, otherwise it is silent."""
        for number in still:
            self.fresh += self.tails[number].poll()
            in_the_middle = self.tails[number].open_operation is not None
            (self.hung if in_the_middle else self.silent).append(number)
        self.roster.end()

    def _look(self, *, now: bool = False) -> None:
        """Read what was written down since the last look, once a tick."""
        now_s = time.monotonic()
        if not now and now_s - self.looked_s < self.tick_s:
            return
        self.looked_s = now_s
        looked_at = self.tails if now else [self.tails[n] for n in self.roster.alive]
        moved = [tail.moved() for tail in looked_at]  # of all: each is asked what came since
        if self.watcher.wants_events:
            for tail in looked_at:
                self.fresh += tail.poll()
        if any(moved):
            self.moved_s = max(self.moved_s, now_s)
        self._tell("sell", len(self.roster.exit_codes))

    def _tell(self, phase: str, done: int) -> None:
        # Logbooks are read one after another: what is quite new is told next time, in its turn.
        self.fresh.sort(key=_time)
        until_ns = time.monotonic_ns() - (HOLD_BACK_NS if self.roster.alive else 0)
        told = bisect(self.fresh, until_ns, key=_time)
        self.watcher.progress(phase, done, self.scenario.buyers, self.fresh[:told])
        self.events += self.fresh[:told]
        del self.fresh[:told]

    def _gather(self, census: dict[str, int]) -> History:
        """Put the logbooks together; an order that never completed is of unknown outcome."""
        self.closed = [number for number in self.closed if number not in self.hung]
        self.events += self.fresh
        for tail in [*self.tails, *self.staff.tails]:
            self.events += tail.rest()
        now_ns = time.monotonic_ns()
        for number, tail in enumerate(self.tails):
            if tail.open_operation is not None:
                self.events.append(self._unknown(tail.open_operation, number, now_ns))
        self.events.sort(key=_time)
        numbered = [
            msgspec.structs.replace(event, index=index)
            for index, event in enumerate(self.events, 1)
        ]
        return History(None, None, numbered, {}, self._end(census, now_ns))

    def _unknown(self, invoke: Event, number: int, now_ns: int) -> Event:
        error = "hung" if number in self.hung else self._death(number)
        return msgspec.structs.replace(invoke, type="info", value=None, time=now_ns, error=error)

    def _death(self, number: int) -> str:
        code = self.roster.exit_codes.get(number, 0)
        if code < 0:
            return f"died of {signal.Signals(-code).name}"
        return self.tails[number].note or f"ended with exit code {code}"

    def _planned(self, happened: dict[int, int | str]) -> list[int | str]:
        """Give those who died as it was planned, and not of something else later."""
        deaths = {"kill": -signal.SIGKILL, "terminate": -signal.SIGTERM, "raise": FAILED}
        codes = {n: deaths.get(self.scenario.faults[n].kind) for n in happened}
        meant = {codes[n] for n, who in happened.items() if isinstance(who, str)}
        clerks = (
            set(self.staff.deaths) <= meant
        )  # several may die; each death must be a planned one
        return [
            who
            for n, who in happened.items()
            if (clerks if isinstance(who, str) else codes[n] == self.roster.exit_codes.get(who))
        ]

    def _end(self, census: dict[str, int], now_ns: int) -> SaleEnd:
        """Return what became of the processes."""
        steps = [event for event in self.events if event.type == "step"]
        last = {n: tail.last_step for n, tail in enumerate(self.tails) if tail.last_step}
        ended = {*self.hung, *self.silent, *self.closed}
        codes = self.roster.exit_codes
        happened = struck(self.folder, self.scenario.faults)
        done = [tail.done for tail in self.tails]
        crashed: dict[int | str, str] = {
            n: self._death(n) for n in sorted(codes) if not done[n] and n not in ended
        }
        if cause := self.staff.cause():
            crashed["clerk"] = cause
        return SaleEnd(
            harness_pid=os.getpid(),
            started=len(self.roster.pids),
            started_ns=self.started_ns,
            opened_ns=self.opened_ns,
            ended_ns=now_ns,
            crashed=crashed,
            clerks=len(self.staff.tails),
            struck=happened,
            planned=self._planned(happened),
            closed={n: codes.get(n) for n in self.closed},
            hung=self.hung,
            silent=self.silent,
            waits=waits(self.hung, last, steps),
            alive=census["alive"],
            zombies=census["zombies"],
            orphans=census["orphans"],
        )


def _arrivals(scenario: Scenario) -> list[float]:
    """Give how long after the opening each buyer comes, in seconds, ascending."""
    rate = scenario.rate_per_s
    if rate is None:
        return [0.0] * scenario.buyers
    random = Random(f"{scenario.seed}/arrivals")
    at_s, offsets = 0.0, []
    for _ in range(scenario.buyers):
        at_s += random.expovariate(rate)
        offsets.append(at_s)
    return offsets


def _leave_s(scenario: Scenario) -> float:
    """Say when the harness leaves its buyers; those who are no daemons it must wait for."""
    if scenario.close_after is None or not scenario.daemon:
        return float("inf")
    return time.monotonic() + scenario.close_after


def _time(event: Event) -> int:
    return event.time
