"""The buyers of one execution: who stands before which step, who was refused, who has ended."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from typing import Any

import msgspec

from booking.explorer.behaviours.buyer import (
    BehaviourBuyer,
    Disturbed,
    Moved,
    Relearned,
    Waits,
)
from booking.explorer.transition import Caveat, Inconclusive
from booking.instrument.seam import Announcement, Seam, Touch
from booking.processes.behaviour_buyer import (
    DISMISS,
    EXPIRE,
    GO,
    QUIT,
    BuyerReport,
    buyer_main,
    decode_report,
)

CONNECTS = "connects to"  # in the tripwire's words
SEGMENT_S = 5.0  # from one step of a buyer to its next one
WARM_ROUNDS = 2  # purchases of each buyer alone, before any order counts
IDLE_MAX = 200  # waits that end while nothing changes
ALONE_MAX = 1_000  # steps of a purchase of one buyer alone, to warm up
LOOK_S = 0.0015  # a step that takes longer waits for another session, perhaps
SLEEP = Announcement("sleep", "sleep  (no other buyer can go on)", (), "")
WAITS = "waits"  # what is told of a step that has begun, and waits inside a server


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
        self._sessions: dict[int, int] = {}  # session → buyer
        self._known: dict[tuple[str, str], frozenset[Touch]] = {}  # step → what it touched
        self._waits: Waits | None = None
        self.idle = 0  # waits that came to nothing since the last write
        self.alike = False  # whether all did the same when they bought alone
        self._fork()

    def watch(self, waits: Waits) -> None:
        """See waits inside a server, and hold each buyer that waits there until its turn."""
        self._waits = waits

    def _fork(self) -> None:
        for number in range(self._count):
            self.buyers.append(_forked(self._buy, number, self._seam, self._covered, self.buyers))

    def warm(self, reset: Callable[[], None]) -> None:
        """Have each buyer buy once, alone: what is done at the first call only is no race."""
        if self._fresh:
            return
        for _ in range(WARM_ROUNDS):  # the first buyer may have loaded a script for all
            positions = [self._bought_alone(buyer, reset) for buyer in self.buyers]
            self.alike = all(position == positions[0] for position in positions)
            if self.alike:
                break
        # A connection stays open: what goes over it afterwards is heard no more.
        self.doubts[:] = [doubt for doubt in self.doubts if CONNECTS in doubt]

    def _bought_alone(self, buyer: BehaviourBuyer, reset: Callable[[], None]) -> tuple[object, ...]:
        """Have one buyer buy alone; return what it was told, and its last step."""
        reset()
        buyer.begin()
        self._await(buyer)
        passes = 0
        while buyer.state != "ended":
            if buyer.state == "waiting":  # for itself: all others have ended
                raise self._stuck(buyer)
            word = EXPIRE if buyer.state == "refused" else GO
            self._pass(buyer, word if passes < ALONE_MAX else DISMISS)  # it waits for another one
            passes += 1
        return _stands_before(buyer.next), list(buyer.told)

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
        self._sessions.clear()
        if self._fresh:
            self.close()
            self._fork()
        self.idle = 0
        for buyer in self.buyers:
            buyer.begin()
        for buyer in self.buyers:
            self._await(buyer)

    def end(self) -> None:
        """End an execution: send away every buyer that is in it still.

        Those that wait inside a server come last, all at once: each that is sent away frees others.
        """
        for buyer in self.buyers:
            while buyer.state in {"ready", "refused"}:
                buyer.line.send_bytes(DISMISS)
                self._await(buyer)
        for buyer in self._waiting():
            self._let_go(buyer)
        deadline_s = time.monotonic() + SEGMENT_S
        while waiting := self._waiting():
            for buyer in waiting:
                if buyer.line.poll(LOOK_S):
                    self._await(buyer)
                    while buyer.state in {"ready", "refused"}:
                        buyer.line.send_bytes(DISMISS)
                        self._await(buyer)
                elif time.monotonic() > deadline_s:
                    raise self._stuck(buyer)

    def enabled(self) -> list[int]:
        """Return who can take a step; where none can, those whose waits would end now."""
        able = [buyer.number for buyer in self.buyers if buyer.state == "ready"]
        if waiting := self._waiting():
            able = sorted(able + self._can_wake(waiting))
        return able or [buyer.number for buyer in self.buyers if buyer.state == "refused"]

    def _idle_again(self, step: Announcement | None) -> None:
        """Count a wait that came to nothing."""
        self.idle += 1
        if self.idle > IDLE_MAX:
            what = f"no buyer can go on: each waits, and {IDLE_MAX} tries changed nothing"
            raise Inconclusive(Caveat(what, _shown(step)))

    @property
    def hung(self) -> list[int]:
        """Return the buyers that wait inside a server: for ever where none can take a step."""
        return [buyer.number for buyer in self._waiting()]

    def _waiting(self) -> list[BehaviourBuyer]:
        return [buyer for buyer in self.buyers if buyer.state == "waiting"]

    def _can_wake(self, waiting: list[BehaviourBuyer]) -> list[int]:
        """Return who is free to go on, and who can become the victim of a deadlock."""
        assert self._waits is not None
        blockers = self._waits.blockers([buyer.session for buyer in waiting])
        waits_for = {
            buyer.number: self._buyers_of(buyer, blockers.get(buyer.session, frozenset()))
            for buyer in waiting
        }
        return [
            number for number, by in waits_for.items() if not by or _in_cycle(number, waits_for)
        ]

    def _buyers_of(self, buyer: BehaviourBuyer, sessions: frozenset[int]) -> set[int]:
        if others := sessions - self._sessions.keys():
            what = (
                f"buyer {buyer.number} waits for a session of the server that is no buyer's "
                f"(process {min(others)}): a transaction that --setup or --check left open?"
            )
            raise Inconclusive(Caveat(what, _shown(buyer.next)))
        return {self._sessions[session] for session in sessions}

    def take(self, number: int, *, forced: bool = False) -> Moved | None:
        """Take one buyer's step; return None where it was refused, without an effect."""
        buyer = self.buyers[number]
        if buyer.state == "waiting":
            return self._take_up(buyer)
        if forced and buyer.state == "ready":
            self._pass(buyer, GO)  # it was refused before its limit struck
        forced = buyer.state == "refused"
        announced, begins = SLEEP if buyer.sleeps and forced else buyer.next, buyer.steps == 0
        assert announced is not None
        report = self._pass(buyer, EXPIRE if forced else GO)
        if report is None:
            buyer.steps += 1
            return self._begun(buyer, announced, begins=begins)
        if buyer.state == "refused" and not (report.effect or report.sleeps or forced):
            return None
        if self._waits is not None and self._waits.is_victim(report.learnt):
            raise Disturbed  # before it was seen to wait
        buyer.steps += 1
        self._wake(buyer)
        step = announced if report.last is None or announced is SLEEP else report.last
        if forced or (report.sleeps and not _writes(step)):
            self._idle_again(step)
        elif _writes(step):
            self.idle = 0
        return Moved(number, step, tuple(report.learnt), forced, begins, buyer.state == "ended")

    def _begun(self, buyer: BehaviourBuyer, announced: Announcement, *, begins: bool) -> Moved:
        """Return a step that has begun, and waits inside a server for another buyer."""
        assert self._waits is not None
        buyer.touched = self._waits.touched(buyer.session)
        buyer.touched |= self._known.get(_key(announced), frozenset())
        buyer.told.append(WAITS)
        self._wake(buyer)
        step = msgspec.structs.replace(announced, touches=tuple(sorted(buyer.touched)))
        return Moved(buyer.number, step, (WAITS,), forced=False, begins=begins, ends=False)

    def _take_up(self, buyer: BehaviourBuyer) -> Moved:
        """Continue a buyer that waited inside a server: a step of its own."""
        assert self._waits is not None
        assert buyer.next is not None
        announced = buyer.next
        victim = bool(self._waits.blockers([buyer.session]).get(buyer.session))
        self._let_go(buyer)
        report = self._await(buyer, looks=not victim)
        buyer.steps += 1
        told = (WAITS,) if report is None else tuple(report.learnt)
        step = announced if report is None or report.last is None else report.last
        more = frozenset(step.touches) if report is not None else self._waits.touched(buyer.session)
        if not more <= buyer.touched and not (victim and report is not None):
            self._known[_key(announced)] = buyer.touched | more
            raise Relearned
        if report is None:
            buyer.told.append(WAITS)
        self._wake(buyer)
        step = msgspec.structs.replace(
            step, action="wake", text=f"goes on: {announced.text}",
            touches=tuple(sorted(buyer.touched | more)),
        )  # fmt: skip
        ended = buyer.state == "ended"
        return Moved(buyer.number, step, told, forced=False, begins=False, ends=ended)

    def _let_go(self, buyer: BehaviourBuyer) -> None:
        if self._waits is not None:
            self._waits.go_on(buyer.session)

    def _pass(self, buyer: BehaviourBuyer, word: bytes) -> BuyerReport | None:
        buyer.line.send_bytes(word)
        buyer.state = "running"
        return self._await(buyer, looks=True)

    def _wake(self, moved: BehaviourBuyer) -> None:
        """Have everyone that was refused try again, now that another buyer has moved."""
        for buyer in self.buyers:
            if buyer.state == "refused" and buyer is not moved:
                buyer.state = "ready"
                if buyer.sleeps:  # to wake up touches nothing: it goes on to its next step
                    self._pass(buyer, GO)

    def _await(self, buyer: BehaviourBuyer, *, looks: bool = False) -> BuyerReport | None:
        """Return a buyer's report; None where it waits inside a server (`looks`), and is held."""
        watched = looks and self._waits is not None and buyer.session
        deadline_s = time.monotonic() + SEGMENT_S
        while not buyer.line.poll(LOOK_S if watched else SEGMENT_S):
            if watched and self._is_blocked(buyer):
                return None
            if time.monotonic() > deadline_s:
                raise self._stuck(buyer)
        try:
            report = decode_report(buyer.line.recv_bytes())
        except (EOFError, ConnectionResetError):
            what = f"the process of buyer {buyer.number} ended at {_shown(buyer.next)}"
            raise Inconclusive(Caveat(what, "an execution")) from None
        self.doubts += [doubt for doubt in report.doubts if doubt not in self.doubts]
        buyer.state = report.state
        if report.last is not None:
            key = _key(report.last)
            self._known[key] = self._known.get(key, frozenset()) | frozenset(report.last.touches)
        if report.state == "ready":
            buyer.next, buyer.session = report.next, report.session
            if report.session:
                self._sessions[report.session] = buyer.number
        buyer.sleeps, buyer.bought = report.sleeps, report.bought
        buyer.told += report.learnt
        return report

    def _is_blocked(self, buyer: BehaviourBuyer) -> bool:
        """Return whether a buyer waits for another one inside a server; hold it there."""
        assert self._waits is not None
        by = self._waits.blockers([buyer.session]).get(buyer.session)
        if not by:
            return False
        self._buyers_of(buyer, by)
        if not self._waits.may_stop:
            what = (
                f"buyer {buyer.number} waits inside a server that is not private, which decides "
                "itself when it wakes; give --with postgres"
            )
            raise Inconclusive(Caveat(what, _shown(buyer.next)))
        buyer.state = "waiting"
        if not self._waits.stop(buyer.session):
            raise Disturbed
        return True

    def _stuck(self, buyer: BehaviourBuyer) -> Inconclusive:
        what = f"buyer {buyer.number} took no step for {SEGMENT_S:.0f} s after {_shown(buyer.next)}"
        return Inconclusive(Caveat(what, "an execution"))

    def positions(self) -> tuple[object, ...]:
        """Return all that the code was told so far: the same order must give the same again."""
        return tuple(
            (buyer.state, _stands_before(buyer.next), tuple(buyer.told)) for buyer in self.buyers
        )


def _stands_before(step: Announcement | None) -> tuple[str, ...]:
    """Return a step without what it is thought to touch: that is learnt on the way."""
    return () if step is None else (step.action, step.text, step.where)


def _key(step: Announcement) -> tuple[str, str]:
    return step.action, step.text


def _writes(step: Announcement) -> bool:
    return not step.touches or any(touch.writes for touch in step.touches)


def _in_cycle(number: int, waits_for: dict[int, set[int]]) -> bool:
    """Return whether a buyer waits, perhaps by way of others, for itself."""
    reached: set[int] = set()
    to_see = set(waits_for.get(number, ()))
    while to_see:
        one = to_see.pop()
        reached.add(one)
        to_see |= waits_for.get(one, set()) - reached
    return number in reached


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
