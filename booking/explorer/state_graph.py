"""Every interleaving as a graph of states, in which interchangeable buyers are one.

A state is the shared content, and for each place where buyers stand how many stand there, with
what is known of the order so far. A path through the graph stands for as many interleavings
as the product of these numbers along it; so they are counted exactly without being listed.
Breadth first, the first state in which an anomaly is certain gives the shortest witness.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from booking.core.verdict import AnomalyName, Outcome
from booking.explorer.incremental_check import CounterState, counted
from booking.explorer.model import CLERK, Limits
from booking.explorer.path_count import Entry, Move, counts
from booking.explorer.result import Exploration, Judge, Progress
from booking.explorer.transition import (
    Caveat,
    Inconclusive,
    Step,
    Transition,
    ended_how,
    refusal,
)
from booking.explorer.transition_cache import LocalState, Locks, TransitionCache
from booking.history.actions import Action

RECHECKS_MAX = 2000
IDLE = -1  # the floor of a buyer with no operation open
LOOKS_EVERY = 256


class Key(NamedTuple):
    """One state."""

    content: int
    buyers: tuple[Entry, ...]
    tally: CounterState


class StateGraphExplorer:
    """The states of one sale; `explore` fills it."""

    def __init__(
        self, lab: TransitionCache, judge: Judge, limits: Limits, progress: Progress
    ) -> None:
        self.lab = lab
        self.plan = lab.plan
        self.result = Exploration("graph")
        self._judge = judge
        self._limits = limits
        self._progress = progress
        self._keys: list[Key] = []
        self._numbers: dict[Key, int] = {}
        self._parents: list[tuple[int, Entry, Entry] | None] = []
        self._moves: list[list[Move]] = []
        self._ends: dict[int, bool] = {}  # states where nobody goes on: is it violating?
        self._start_s = time.monotonic()

    def explore(self, *, first: bool = False) -> Exploration:
        """Visit every state within the limits; `first`: only until an anomaly is certain."""
        result = self.result
        try:
            self._visit(first=first)
            if not result.bound:
                self._recheck()
                self._count()
        except Inconclusive as undecided:
            result.doubts.append(undecided.doubt)
        result.doubts = self.lab.theatre.doubts() + result.doubts  # places first
        result.states, result.executions = len(self._keys), self.lab.theatre.executions
        result.complete = not (result.bound or result.doubts)
        if not result.complete:
            result.interleavings = result.violating = None
        result.elapsed_s = time.monotonic() - self._start_s
        return result

    def _visit(self, *, first: bool) -> None:
        start = tuple(sorted((stand, IDLE) for stand in self.lab.start))
        self._enter(Key(self.lab.content, start, CounterState()), None)
        at = 0
        while at < len(self._keys):
            if first and self.result.findings:
                self.result.bound = "first"
            elif len(self._keys) > self._limits.states_max:
                self.result.bound = "max-states"
            elif at % LOOKS_EVERY == 0 and self._late():
                self.result.bound = "max-seconds"
            if self.result.bound:
                return
            self._expand(at)
            at += 1

    def _late(self) -> bool:
        self._progress(len(self._keys), self.lab.theatre.executions)
        return time.monotonic() - self._start_s > self._limits.seconds_max

    def _expand(self, at: int) -> None:
        key = self._keys[at]
        moves = []
        for entry, times, rest in _distinct(key.buyers):
            stand = self.lab.stands.all[entry[0]]
            if stand.next is None:
                continue
            locks = self._locks(rest, entry)
            effect = self.lab.effect(entry[0], key.content, locks, partial(self._reach, at, entry))
            if self._possible(stand, stand.next, effect, locks):
                moves.append(self._move(at, key, entry, times, rest, effect))
        self._moves[at] = moves
        if not moves:
            self._end(at)

    def _possible(self, stand: LocalState, step: Step, effect: Transition, locks: Locks) -> bool:
        """Say whether a step can be taken now: who waits for a lock or a message can't go on."""
        if not effect.refused:
            return True
        if step.action == Action.ACQUIRE and not _held(locks, step.resource):
            raise Inconclusive(refusal(step.resource))
        return self.plan.timeouts and stand.kind != CLERK

    def _locks(self, rest: tuple[Entry, ...], entry: Entry) -> Locks:
        stands = self.lab.stands.all
        held = [(resource, True) for resource in stands[entry[0]].holds]
        held += [(resource, False) for stand, _ in rest for resource in stands[stand].holds]
        return tuple(sorted(held))

    def _move(
        self,
        at: int,
        key: Key,
        entry: Entry,
        times: int,
        rest: tuple[Entry, ...],
        effect: Transition,
    ) -> Move:
        stand = self.lab.stands.all[entry[0]]
        tally = key.tally
        floor = entry[1]
        if stand.next is not None and stand.next.begins:
            floor = tally.floor
        for done in effect.done:
            tally = counted(tally, done, floor, self.plan.tickets)
            floor = tally.floor
        idle = effect.next is None or effect.next.begins is not None
        after = (self.lab.stands.after(entry[0], effect), IDLE if idle else floor)
        if tally.lost:
            rest = tuple((one, IDLE) for one, _ in rest)
            after = (after[0], IDLE)
        buyers = tuple(sorted((*rest, after)))
        to = self._enter(Key(effect.content, buyers, tally), (at, entry, after))
        if len(tally.found) > len(key.tally.found):
            for name in tally.found - key.tally.found:
                self._found(name, to, (at, entry, after))
        if effect.done and AnomalyName.OVERSELL not in self.result.findings:
            self._count_sold(to)
        return Move(entry, after, to, times)

    def _count_sold(self, to: int) -> None:
        stands = self.lab.stands.all
        sold = sum(
            stands[stand].quantity
            for stand, _ in self._keys[to].buyers
            for f, kind, _ in stands[stand].outcome
            if f == "buy" and kind == "ok"
        )
        if sold > self.plan.tickets:
            self._found(AnomalyName.OVERSELL, to, None)

    def _enter(self, key: Key, parent: tuple[int, Entry, Entry] | None) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._keys)
            self._keys.append(key)
            self._parents.append(parent)
            self._moves.append([])
        return number

    def _found(self, name: AnomalyName, to: int, by: tuple[int, Entry, Entry] | None) -> None:
        result = self.result
        if name in result.findings:
            return
        if by is None:
            by = self._parents[to]
        schedule = self._schedule(by[0], [(by[1], by[2])]) if by else []
        result.note(name, schedule)
        if result.witness_s is None:
            result.witness_s = time.monotonic() - self._start_s

    def _end(self, at: int) -> None:
        """Judge a state in which nobody goes on any more."""
        key, stands = self._keys[at], self.lab.stands.all
        schedule = self._schedule(at)
        verdict = self._judge(self.lab.told(schedule))
        if verdict.outcome is Outcome.UNKNOWN:
            self.result.undecided += 1
        violating = bool(key.tally.found) or verdict.outcome is Outcome.INVALID
        if key.tally.found and verdict.outcome is not Outcome.INVALID:
            what = f"the tally found {', '.join(key.tally.found)}, the judge did not"
            raise Inconclusive(Caveat(what, "defect of booking"))
        for one in verdict.anomalies:
            if one.name not in self.result.findings:
                self.result.note(one.name, schedule, one.message)
        self._ends[at] = violating
        ended: dict[str, int] = {}
        for stand, _ in key.buyers:
            how = ended_how(stands[stand].outcome, waits=stands[stand].next is not None)
            ended[how] = ended.get(how, 0) + 1
        self.result.ends.add((self.lab.remaining(key.content), tuple(sorted(ended.items()))))

    def _count(self) -> None:
        """Count the interleavings, and find the witness's point of no return."""
        ways = counts(self._moves, self._ends)
        self.result.interleavings, self.result.violating = ways[0]
        witness = self.result.witness
        if witness is None:
            return
        at = 0
        places = [(stand, IDLE) for stand in self.lab.start]
        for number, buyer in enumerate(witness.schedule):
            move = next(one for one in self._moves[at] if one.entry == places[buyer])
            at, places[buyer] = move.to, move.after
            if self._keys[at].tally.lost:
                places = [(stand, IDLE) for stand, _ in places]
            if ways[at][0] == ways[at][1]:
                self.result.fatal = number
                return

    def _reach(self, at: int, entry: Entry) -> list[int]:
        return self._schedule(at, [(entry, entry)])

    def _schedule(self, at: int, more: list[tuple[Entry, Entry]] | None = None) -> list[int]:
        """Give who takes each step on the first path found to a state, and on from there."""
        moved = list(reversed(more or []))
        while (parent := self._parents[at]) is not None:
            at = parent[0]
            moved.append(parent[1:])
        return self._people(reversed(moved))

    def _people(self, moved: Iterator[tuple[Entry, Entry]], *, mirrored: bool = False) -> list[int]:
        """Give each move to the first buyer who stands where it starts, or to the last."""
        places = [(stand, IDLE) for stand in self.lab.start]
        schedule = []
        forgotten = False
        for entry, after in moved:
            if forgotten or entry not in places:
                forgotten = True  # the order is lost, and with it everybody's floor
                places = [(stand, IDLE) for stand, _ in places]
            wanted = (entry[0], IDLE) if forgotten else entry
            buyer = places.index(wanted)
            if mirrored:
                buyer = len(places) - 1 - places[::-1].index(wanted)
            places[buyer] = (after[0], IDLE) if forgotten else after
            schedule.append(buyer)
        return schedule

    def _recheck(self) -> None:
        """Execute whole sales again until every state was passed through, or enough were."""
        passed = [False] * len(self._keys)
        executed = 0
        # Effects were learnt of the first of equal buyers; now the last one has to do the same.
        alike = all(party.kind != CLERK for party in self.plan.parties)
        for at in range(len(self._keys) - 1, -1, -1):
            if passed[at]:
                continue
            if executed >= RECHECKS_MAX or self._late():
                break
            moved, end = [], at
            while (parent := self._parents[end]) is not None:
                end = parent[0]
                passed[end] = True
                moved.append(parent[1:])
            moved.reverse()
            end = at
            passed[at] = True
            while self._moves[end]:
                move = next((m for m in self._moves[end] if not passed[m.to]), self._moves[end][0])
                moved.append((move.entry, move.after))
                end = move.to
                passed[end] = True
            self.lab.rehearse(self._people(iter(moved), mirrored=alike), self._keys[end].content)
            executed += 1
        self.result.rechecked = sum(passed)


def _distinct(buyers: tuple[Entry, ...]) -> Iterator[tuple[Entry, int, tuple[Entry, ...]]]:
    """Give each place where buyers stand, how many stand there, and the others."""
    at = 0
    while at < len(buyers):
        entry, end = buyers[at], at
        while end < len(buyers) and buyers[end] == entry:
            end += 1
        yield entry, end - at, buyers[:at] + buyers[at + 1 :]
        at = end


def _held(locks: Locks, resource: str) -> bool:
    return any(name == resource for name, _ in locks)
