"""Explore every interleaving as a graph of states, in which interchangeable buyers are one.

A state is the shared content, and for each position how many buyers are at it, with what is
known of the order so far. A path through the graph stands for as many interleavings as the
product of these numbers along it; so they are counted exactly without being listed.
Breadth first, the first state in which an anomaly is certain gives the shortest counterexample.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from booking.core.order_execution import BUY
from booking.core.verdict import AnomalyName, Outcome
from booking.explorer.incremental_check import CounterState, Unordered, updated
from booking.explorer.model import CLERK, Limits, TaskSpec
from booking.explorer.path_count import Edge, Position, counts
from booking.explorer.result import Check, Progress
from booking.explorer.search import Explorer
from booking.explorer.transition import BoundReached, Caveat, Inconclusive, Transition
from booking.explorer.transition_cache import Locks, TransitionCache
from booking.history.actions import Action

RECHECKS_MAX = 2000
IDLE = -1  # watermark of a buyer without an open operation; a number, so positions can be sorted
NODES_PER_LOOK = 256  # expanded between two looks at the clock

Move = tuple[Position, Position]  # of one buyer, before and after its step

NO_NUMBER = "a sale names no ticket, so states must not merge: use --method reduced"


class Node(NamedTuple):
    """One state of the sale."""

    content: int
    buyers: tuple[Position, ...]
    counter: CounterState


class StateGraphExplorer(Explorer):
    """Visit every state of a sale breadth first, then count the interleavings."""

    method = "graph"

    def __init__(
        self, cache: TransitionCache, check: Check, limits: Limits, progress: Progress
    ) -> None:
        super().__init__(cache, check, limits, progress)
        self.plan = cache.plan
        self._nodes: list[Node] = []
        self._numbers: dict[Node, int] = {}
        self._parents: list[tuple[int, Move] | None] = []
        self._edges: list[list[Edge]] = []
        self._ends: dict[int, bool] = {}  # states without a successor: is the sale violated?

    def _search(self) -> None:
        self._visit()
        if self.result.bound is None:
            self._recheck()
            self._count()

    def _visit(self) -> None:
        start = tuple(sorted((state, IDLE) for state in self.cache.start))
        self._enter(Node(self.cache.content, start, CounterState()), None)
        node = 0
        while node < len(self._nodes):
            if self._bounded(look=node % NODES_PER_LOOK == 0):
                return
            self._expand(node)
            node += 1

    def _expand(self, number: int) -> None:
        node = self._nodes[number]
        edges = []
        for position, times, others in _distinct(node.buyers):
            state = position[0]
            if self.cache.local_states.all[state].next is None:
                continue
            locks = self._locks(state, others)
            transition = self.cache.transition(
                state, node.content, locks, partial(self._reach, number, position)
            )
            if self.cache.enabled(state, transition, locks):
                edges.append(self._edge(number, position, times, others, transition))
        self._edges[number] = edges
        if not edges:
            self._end(number)

    def _locks(self, state: int, others: tuple[Position, ...]) -> Locks:
        local_states = self.cache.local_states.all
        held = [(resource, True) for resource in local_states[state].holds]
        held += [(resource, False) for other, _ in others for resource in local_states[other].holds]
        return tuple(sorted(held))

    def _edge(
        self,
        number: int,
        position: Position,
        times: int,
        others: tuple[Position, ...],
        transition: Transition,
    ) -> Edge:
        node, state = self._nodes[number], position[0]
        counter, watermark = self._after(node.counter, position, transition)
        idle = transition.next is None or transition.next.begins is not None
        after = (
            self.cache.local_states.successor(state, transition),
            IDLE if idle or counter.lost else watermark,
        )
        if counter.lost:
            others = tuple((other, IDLE) for other, _ in others)
        buyers = tuple(sorted((*others, after)))
        move = (position, after)
        target = self._enter(Node(transition.content, buyers, counter), (number, move))
        if len(counter.anomalies) > len(node.counter.anomalies):
            for name in counter.anomalies - node.counter.anomalies:
                self._found(name, number, move)
        if transition.completed and AnomalyName.OVERSELL not in self.result.findings:
            self._find_oversell(target)
        return Edge(position, after, target, times)

    def _after(
        self, counter: CounterState, position: Position, transition: Transition
    ) -> tuple[CounterState, int]:
        """Return the counter after a step, and the watermark of the operation that is open then."""
        state, watermark = position
        step = self.cache.local_states.all[state].next
        if step is not None and step.begins:
            watermark = counter.watermark
        for operation in transition.completed:
            try:
                counter = updated(counter, operation, watermark, self.plan.tickets)
            except Unordered:
                raise Inconclusive(Caveat(NO_NUMBER, f"step {step}")) from None
            watermark = counter.watermark
        return counter, watermark

    def _find_oversell(self, number: int) -> None:
        local_states = self.cache.local_states.all
        sold = sum(
            local_states[state].quantity
            for state, _ in self._nodes[number].buyers
            for f, kind, _ in local_states[state].endings
            if f == BUY and kind == "ok"
        )
        parent = self._parents[number]
        if sold > self.plan.tickets and parent is not None:
            self._found(AnomalyName.OVERSELL, *parent)

    def _enter(self, node: Node, parent: tuple[int, Move] | None) -> int:
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = len(self._nodes)
            self._nodes.append(node)
            self._parents.append(parent)
            self._edges.append([])
            self.result.states = number + 1
        return number

    def _found(self, name: AnomalyName, number: int, move: Move) -> None:
        """Note an anomaly that is certain after a move out of a state."""
        if name not in self.result.findings:
            self._note(name, self._schedule(number, [move]))

    def _end(self, number: int) -> None:
        """Check the sale that ends in a state without an enabled task."""
        node = self._nodes[number]
        schedule = self._schedule(number)
        invalid = self._decide(self.cache.history(schedule), schedule) is Outcome.INVALID
        if node.counter.anomalies and not invalid:
            names = ", ".join(node.counter.anomalies)
            what = f"the incremental check found {names}, the checker did not"
            raise Inconclusive(Caveat(what, "defect of booking"))
        self._ends[number] = invalid
        self.result.ends.add(self.cache.end(node.content, [state for state, _ in node.buyers]))

    def _count(self) -> None:
        """Count the interleavings, and find the shortest finding's point of no return."""
        ways = counts(self._edges, self._ends)
        self.result.interleavings, self.result.violating = ways[0]
        shortest = self.result.shortest
        if shortest is None:
            return
        number = 0
        positions = [(state, IDLE) for state in self.cache.start]
        for index, buyer in enumerate(shortest.schedule):
            edge = next(e for e in self._edges[number] if e.before == positions[buyer])
            number, positions[buyer] = edge.target, edge.after
            if self._nodes[number].counter.lost:
                positions = [(state, IDLE) for state, _ in positions]
            total, violating = ways[number]
            if total == violating:
                self.result.fatal = index
                return

    def _reach(self, number: int, position: Position) -> list[int]:
        return self._schedule(number, [(position, position)])

    def _schedule(self, number: int, more: Iterable[Move] = ()) -> list[int]:
        """Return the buyer of each step on the first path found to a state, and of `more`."""
        return self._buyers_of([*self._moves_to(number), *more])

    def _moves_to(self, number: int) -> list[Move]:
        """Return the moves on the first path found to a state."""
        moves = []
        while (parent := self._parents[number]) is not None:
            number, move = parent
            moves.append(move)
        moves.reverse()
        return moves

    def _buyers_of(self, moves: Sequence[Move], *, last: bool = False) -> list[int]:
        """Assign each move to the first buyer at the position where it starts, or to the last."""
        positions = [(state, IDLE) for state in self.cache.start]
        schedule = []
        lost = False
        for before, after in moves:
            if lost or before not in positions:
                lost = True  # the order is lost, and with it the watermark of every buyer
                positions = [(state, IDLE) for state, _ in positions]
            wanted = (before[0], IDLE) if lost else before
            buyer = positions.index(wanted)
            if last:
                buyer = len(positions) - 1 - positions[::-1].index(wanted)
            positions[buyer] = (after[0], IDLE) if lost else after
            schedule.append(buyer)
        return self._numbered(moves, schedule) if self.plan.staffed else schedule

    def _numbered(self, moves: Sequence[Move], schedule: list[int]) -> list[int]:
        """Number equal buyers in the order in which they send: a clerk answers by the number.

        Until a buyer sends it is any of its equals. Where it is the first of them to send, it is
        the first of them by number, whatever else happened before.
        """
        tasks, everything = self.plan.tasks, self.cache.local_states.all
        free: dict[TaskSpec, list[int]] = {}
        for number, spec in enumerate(tasks):
            free.setdefault(spec, []).append(number)
        senders = [
            buyer
            for (before, _), buyer in zip(moves, schedule, strict=True)
            if (step := everything[before[0]].next) is not None and step.action == Action.SEND
        ]
        numbers = {
            buyer: free[tasks[buyer]].pop(0) for buyer in dict.fromkeys([*senders, *schedule])
        }
        return [numbers[buyer] for buyer in schedule]

    def _recheck(self) -> None:
        """Execute whole sales again until every state was passed through, or enough were."""
        passed = [False] * len(self._nodes)
        executed = 0
        # Transitions were learnt of the first of equal buyers: now the last one executes them.
        last = all(task.kind != CLERK for task in self.plan.tasks)
        for number in range(len(self._nodes) - 1, -1, -1):
            if passed[number]:
                continue
            if executed >= RECHECKS_MAX or self._late():
                break
            moves, end = self._whole_sale(number, passed)
            try:
                self.cache.verify(self._buyers_of(moves, last=last), self._nodes[end].content)
            except BoundReached:
                break
            executed += 1
        self.result.rechecked = sum(passed)

    def _whole_sale(self, number: int, passed: list[bool]) -> tuple[list[Move], int]:
        """Return the moves of a sale through a state, and its end; mark the states passed."""
        moves = self._moves_to(number)
        passed[number] = True
        start = number
        while (parent := self._parents[start]) is not None:
            start = parent[0]
            passed[start] = True
        while edges := self._edges[number]:
            edge = next((e for e in edges if not passed[e.target]), edges[0])
            moves.append((edge.before, edge.after))
            number = edge.target
            passed[number] = True
        return moves, number


def _distinct(
    buyers: tuple[Position, ...],
) -> Iterator[tuple[Position, int, tuple[Position, ...]]]:
    """Yield each position, the number of buyers at it, and the positions of all but one."""
    at = 0
    while at < len(buyers):
        position, end = buyers[at], at
        while end < len(buyers) and buyers[end] == position:
            end += 1
        yield position, end - at, buyers[:at] + buyers[at + 1 :]
        at = end
