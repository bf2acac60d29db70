"""The buyers of one execution: who stands before which step, who was refused, who has ended."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Literal, NamedTuple

from booking.explorer.transition import Caveat, Inconclusive
from booking.instrument.seam import Announcement, Seam
from booking.processes.behaviour_buyer import (
    DISMISS,
    EXPIRE,
    GO,
    QUIT,
    RUN,
    Bought,
    BuyerReport,
    buyer_main,
    decode_report,
)

CONNECTS = "connects to"  # in the tripwire's words
SEGMENT_S = 5.0  # from one step of a buyer to its next one
State = Literal["running", "ready", "refused", "ended"]


class Moved(NamedTuple):
    """One step that was taken: by whom, what it was, and what the code was told."""

    buyer: int
    step: Announcement
    told: tuple[str, ...]
    forced: bool  # no other buyer could go on, so the time limit of its wait struck
    begins: bool
    ends: bool


@dataclass(slots=True)
class BehaviourBuyer:
    """One buyer's process, and where it stands in this execution."""

    number: int
    pid: int
    line: Connection
    state: State = "ended"
    next: Announcement | None = None
    bought: Bought | None = None
    sleeps: bool = False
    steps: int = 0
    told: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Have it buy, as if it had never bought before."""
        self.state, self.next, self.bought, self.sleeps = "running", None, None, False
        self.steps, self.told = 0, []
        self.line.send_bytes(RUN)


class BehaviourBuyers:
    """Processes of one purchase function; each execution runs each of them once."""

    def __init__(
        self,
        buy: Callable[..., Any],
        buyers: int,
        seam: Seam,
        *,
        fresh: bool = False,
        covered: Collection[str] = (),
    ) -> None:
        self.doubts: list[str] = []
        self.buyers: list[BehaviourBuyer] = []
        self._buy = buy
        self._count = buyers
        self._seam = seam
        self._covered = covered  # libraries of which an interceptor announces the effects
        self._fresh = fresh  # whether each execution has processes of its own
        self._fork()

    def _fork(self) -> None:
        for number in range(self._count):
            self.buyers.append(_forked(self._buy, number, self._seam, self._covered, self.buyers))

    def warm(self, reset: Callable[[], None]) -> None:
        """Have each buyer buy once, alone: what is done at the first call only is no race."""
        if self._fresh:
            return
        for buyer in self.buyers:
            reset()
            buyer.line.send_bytes(RUN)
            self._await(buyer)
            while buyer.state != "ended":
                self._pass(buyer, EXPIRE if buyer.state == "refused" else GO)
        # A connection stays open: what goes over it afterwards is heard no more.
        self.doubts[:] = [doubt for doubt in self.doubts if CONNECTS in doubt]

    def close(self) -> None:
        """End every process."""
        for buyer in self.buyers:
            with suppress(OSError):
                buyer.line.send_bytes(QUIT)
            buyer.line.close()
            with suppress(ProcessLookupError):
                os.kill(buyer.pid, signal.SIGKILL)
            os.waitpid(buyer.pid, 0)
        self.buyers = []

    def begin(self) -> None:
        """Begin an execution: every buyer up to its first step."""
        if self._fresh:
            self.close()
            self._fork()
        for buyer in self.buyers:
            buyer.begin()
        for buyer in self.buyers:
            self._await(buyer)

    def end(self) -> None:
        """End an execution: send away every buyer that is in it still."""
        for buyer in self.buyers:
            while buyer.state != "ended":
                buyer.line.send_bytes(DISMISS)
                self._await(buyer)

    def enabled(self) -> list[int]:
        """Return who can take a step; where none can, those whose waits would end now."""
        ready = [buyer.number for buyer in self.buyers if buyer.state == "ready"]
        return ready or [buyer.number for buyer in self.buyers if buyer.state == "refused"]

    def take(self, number: int, *, forced: bool = False) -> Moved | None:
        """Take one buyer's step; return None where it was refused, without an effect."""
        buyer = self.buyers[number]
        if forced and buyer.state == "ready":
            self._pass(buyer, GO)  # it was refused before its limit struck
        forced = buyer.state == "refused"
        announced, begins = buyer.next, buyer.steps == 0
        report = self._pass(buyer, EXPIRE if forced else GO)
        if buyer.state == "refused" and not report.effect and not forced:
            return None
        buyer.steps += 1
        self._wake(buyer)
        step = announced if report.last is None else report.last
        assert step is not None
        return Moved(number, step, tuple(report.learnt), forced, begins, buyer.state == "ended")

    def _pass(self, buyer: BehaviourBuyer, word: bytes) -> BuyerReport:
        buyer.line.send_bytes(word)
        buyer.state = "running"
        return self._await(buyer)

    def _wake(self, moved: BehaviourBuyer) -> None:
        """Have everyone that was refused try again, now that another buyer has moved."""
        for buyer in self.buyers:
            if buyer.state == "refused" and buyer is not moved:
                buyer.state = "ready"
                if buyer.sleeps:  # to wake up touches nothing: it goes on to its next step
                    self._pass(buyer, GO)

    def _await(self, buyer: BehaviourBuyer) -> BuyerReport:
        if not buyer.line.poll(SEGMENT_S):
            after = _shown(buyer.next)
            what = f"buyer {buyer.number} took no step for {SEGMENT_S:.0f} s after {after}"
            raise Inconclusive(Caveat(what, "an execution"))
        try:
            report = decode_report(buyer.line.recv_bytes())
        except (EOFError, ConnectionResetError):
            what = f"the process of buyer {buyer.number} ended at {_shown(buyer.next)}"
            raise Inconclusive(Caveat(what, "an execution")) from None
        self.doubts += [doubt for doubt in report.doubts if doubt not in self.doubts]
        buyer.state = report.state
        if report.state == "ready":
            buyer.next = report.next
        buyer.sleeps, buyer.bought = report.sleeps, report.bought
        buyer.told += report.learnt
        return report

    def positions(self) -> tuple[object, ...]:
        """Return all that the code was told so far: the same order must give the same again."""
        return tuple((buyer.state, buyer.next, tuple(buyer.told)) for buyer in self.buyers)


def _shown(step: Announcement | None) -> str:
    return "its beginning" if step is None else f"{step.text!r}"


def _forked(
    buy: Callable[..., Any],
    number: int,
    seam: Seam,
    covered: Collection[str],
    others: Sequence[BehaviourBuyer],
) -> BehaviourBuyer:
    ours, theirs = Pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of libraries: none is used
        pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            for other in others:
                other.line.close()
            buyer_main(theirs, number, buy, seam, covered)
        finally:
            os._exit(1)
    theirs.close()
    return BehaviourBuyer(number, pid, ours)
