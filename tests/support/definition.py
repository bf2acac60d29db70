"""The definition of a right sale, by trying every order; it shares nothing with the checker.

It reads a recording as it stands in a file (events as JSON objects) and answers: is there an order
of all operations that a right box office could have served? Slow, short, for eight operations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from math import inf
from typing import Any, NamedTuple

END = "end"  # stands for the count at the end, where operations are named by their index


@dataclass
class Recording:
    """A history as another program would write it, and what was said about it beside it."""

    events: list[dict[str, Any]]
    tickets: dict[Any, int]  # at the start, for each inventory
    remaining: dict[Any, int | None]
    numbers: str | None = None  # what was asked for; None: the count before, as ours are
    counting: str = "down"
    unlogged: bool = False  # a log is missing: any number of orders may have happened besides
    notes: list[str] = field(default_factory=list)  # what the generator did, for messages

    @property
    def meaning(self) -> str:
        """What an answered number means."""
        return self.numbers or "before"


class Op(NamedTuple):
    """One operation; counts are tickets left, whichever way the file counts."""

    index: int  # of the invocation
    process: Any
    kind: str  # buy, search, sold-out, refund
    begin: float
    end: float
    quantity: int
    value: Any
    intent: Any
    certain: bool


class State(NamedTuple):
    """What is left, which seats are known to be held, and which intents took effect."""

    count: int
    held: frozenset[Any] = frozenset()
    # Of each ticket that is held and whose seat no answer told: the seats that it cannot be.
    unnamed: tuple[frozenset[Any], ...] = ()
    effects: frozenset[tuple[Any, Any]] = frozenset()


def pairs(recording: Recording) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Yield each invocation with its completion, in the order of the file."""
    pending: dict[Any, int] = {}
    found: list[list[Any]] = []
    for event in recording.events:
        if event["type"] == "invoke":
            pending[event["process"]] = len(found)
            found.append([event, None])
        else:
            found[pending.pop(event["process"])][1] = event
    yield from ((invoke, done) for invoke, done in found)


def operations(recording: Recording, key: Any) -> list[Op]:
    """Return what happened, or may have happened, to one inventory."""
    ops = []
    tickets = recording.tickets[key]
    for invoke, done in pairs(recording):
        outcome = done["type"] if done else "info"
        error = done.get("error") if done else None
        kind = "sold-out" if outcome == "fail" and error == "sold-out" else invoke["f"]
        if invoke.get("key") != key or (outcome == "fail" and kind != "sold-out"):
            continue
        if outcome == "info" and kind == "search":
            continue
        value = done.get("value") if done else None
        quantity = invoke.get("quantity", 1)
        if invoke["f"] == "buy" and invoke.get("value") is not None:
            quantity, value = invoke["value"], None if value == invoke["value"] else value
        if kind == "refund":
            value = invoke.get("value") if value is None else value
        counted = kind == "search" or (kind == "buy" and recording.meaning in {"before", "after"})
        if counted and value is not None and recording.counting == "up":
            value = tickets - value
        if (
            kind != "search"
            and (recording.meaning == "none" or outcome == "info")
            and (kind != "refund" or recording.meaning != "seat")
        ):
            value = None
        end = inf if outcome == "info" else done["time"]
        ops.append(
            Op(invoke["index"], invoke["process"], kind, invoke["time"], end, quantity, value,
               _meant(invoke.get("intent"), quantity), outcome != "info")
        )  # fmt: skip
    return ops


def _meant(intent: Any, quantity: int) -> Any:
    """A retry repeats its order: attempts at another quantity mean something else."""
    return None if intent is None else (intent, quantity)


def end_count(recording: Recording, key: Any) -> int | None:
    """Return the count that was left at the end, where it is known."""
    count = recording.remaining.get(key)
    up = recording.counting == "up"
    return recording.tickets[key] - count if up and count is not None else count


def explained(
    recording: Recording,
    *,
    keep: Collection[Any] | None = None,
    once: bool = True,
    unlogged: bool | None = None,
    without: Collection[str] = (),
    programs: bool = True,
    about: Collection[Any] = (),
) -> bool:
    """Return whether every inventory's operations have an order that explains them.

    `keep` weakens all others: an order becomes one that may have been, an observation is dropped.
    `once=False` lets an intent take effect as often as it was answered. `without` drops kinds of
    observations: search, sold-out, end, numbers. `programs=False` forgets which process did what.
    The count at the end is that of the inventories `about`: those of the operations in `keep`.
    """
    unlogged = recording.unlogged if unlogged is None else unlogged
    about = about or {
        invoke.get("key") for invoke, _ in pairs(recording) if invoke["index"] in (keep or ())
    }
    for key, tickets in recording.tickets.items():
        ops = operations(recording, key)
        left = end_count(recording, key)
        if keep is not None:
            weakened = (_weakened(op, keep, recording.meaning) for op in ops)
            ops = [op for op in weakened if op is not None]
            left = left if END in keep and (key in about or not about) else None
        if "end" in without:
            left = None
        if "numbers" in without:
            ops = [op._replace(value=None) if op.kind == "buy" else op for op in ops]
        ops = [op for op in ops if op.kind not in without]
        if not programs:
            ops = [op._replace(process=op.index) for op in ops]
        if once and _changed_its_mind(ops):
            return False
        if not has_order(ops, tickets, left, recording.meaning, once=once, unlogged=unlogged):
            return False
    return True


def _changed_its_mind(ops: list[Op]) -> bool:
    """Return whether one intent was told different tickets for orders of different quantities."""
    told = [op for op in ops if op.kind == "buy" and op.certain and op.intent and op.value]
    return any(
        x.intent[0] == y.intent[0] and x.quantity != y.quantity and x.value != y.value
        for x, y in combinations(told, 2)
    )


def _weakened(op: Op, keep: Collection[Any], meaning: str) -> Op | None:
    if op.index in keep:
        return op
    if op.kind in {"search", "sold-out"}:
        return None
    value = op.value if op.kind == "refund" or meaning == "seat" else None
    return op._replace(certain=False, value=value)


def has_order(
    ops: list[Op], tickets: int, left: int | None, meaning: str, *, once: bool, unlogged: bool
) -> bool:
    """Search depth first, remembering only where it has been."""
    before, after = _must_precede(ops), _too_late(ops)
    certain = sum(1 << at for at, op in enumerate(ops) if op.certain)
    answers: dict[Any, set[Any]] = {}
    for op in ops:
        if op.intent is not None and op.kind == "buy" and op.value is not None:
            answers.setdefault(op.intent, set()).add(op.value)
    start = (0, State(tickets))
    seen, agenda = {start}, [start]
    while agenda:
        done, state = agenda.pop()
        if done & certain == certain and _ends(state.count, left, unlogged):
            return True
        for at, op in enumerate(ops):
            if done >> at & 1 or before[at] & ~done or after[at] & done:
                continue
            for lower in range(state.count + 1) if unlogged else (state.count,):
                now = _besides(state, lower, meaning)
                for following in serve(op, now, tickets, meaning, answers if once else None):
                    node = (done | 1 << at, following)
                    if node not in seen:
                        seen.add(node)
                        agenda.append(node)
    return False


def _besides(state: State, count: int, meaning: str) -> State:
    """Return what is left when orders that no log shows took some: of any seats."""
    more = state.count - count if meaning == "seat" else 0
    return state._replace(count=count, unnamed=(*state.unnamed, *[frozenset[Any]()] * more))


def _ends(count: int, left: int | None, unlogged: bool) -> bool:
    return left is None or count == left or (unlogged and 0 <= left <= count)


def _precedes(x: Op, y: Op) -> bool:
    """Operations that touch are concurrent, unless one process did both."""
    if x.process == y.process:
        return x.index < y.index and x.end is not inf and x.end <= y.begin
    return x.end < y.begin


def _must_precede(ops: list[Op]) -> list[int]:
    return [sum(1 << at for at, x in enumerate(ops) if x.certain and _precedes(x, y)) for y in ops]


def _too_late(ops: list[Op]) -> list[int]:
    """Return for each operation those after which it cannot come."""
    return [sum(1 << at for at, y in enumerate(ops) if _precedes(x, y)) for x in ops]


def serve(
    op: Op, state: State, tickets: int, meaning: str, answers: dict[Any, set[Any]] | None
) -> Iterator[State]:
    """Yield what a right box office can be like after it has given this answer.

    `answers` are the tickets that each intent was told; None: intents mean nothing.
    """
    if op.kind == "search":
        if op.value == state.count:
            yield state
    elif op.kind == "sold-out":
        if state.count < op.quantity:
            yield state
    elif op.kind == "refund":
        yield from _give_back(op, state, tickets, meaning)
    elif op.intent is None or answers is None:
        for after, _ in _sell(op, state, meaning, op.value):
            yield after
    else:
        yield from _sell_once(op, state, meaning, answers)


def _sell_once(op: Op, state: State, meaning: str, answers: dict[Any, set[Any]]) -> Iterator[State]:
    """Serve an order that means what its intent means: once, and with one answer."""
    effects = dict(state.effects)
    if op.intent in effects:
        if op.value is None or op.value == effects[op.intent]:
            yield state
        return
    told = answers.get(op.intent, set())
    values = {op.value} if op.value is not None else {*told, None}
    if op.end is not inf and told:
        values -= {None}  # another attempt was told which ticket it is
    for value in values:
        for after, ticket in _sell(op, state, meaning, value):
            yield after._replace(effects=state.effects | {(op.intent, ticket)})


def _sell(op: Op, state: State, meaning: str, value: Any) -> Iterator[tuple[State, Any]]:
    left = state.count - op.quantity
    if left < 0:
        return
    if meaning == "seat":
        yield from _take_seats(state, op.quantity, value)
        return
    ticket = {"before": state.count, "after": left}.get(meaning)
    if value is None or value == ticket:
        yield state._replace(count=left), ticket


def _take_seats(state: State, quantity: int, seat: Any) -> Iterator[tuple[State, Any]]:
    """Take one seat that is named, and others; what is held is not sold again."""
    if seat in state.held:
        return
    named = frozenset() if seat is None else frozenset({seat})
    held = state.held | named
    unnamed = [seats | named for seats in state.unnamed] + [held] * (quantity - len(named))
    yield state._replace(count=state.count - quantity, held=held, unnamed=_sorted(unnamed)), seat


def _sorted(unnamed: Iterable[frozenset[Any]]) -> tuple[frozenset[Any], ...]:
    return tuple(sorted(unnamed, key=lambda seats: sorted(map(str, seats))))


def _give_back(op: Op, state: State, tickets: int, meaning: str) -> Iterator[State]:
    """What comes back had been taken; without a seat it may be any one that is held."""
    count = state.count + op.quantity
    if count > tickets:
        return
    if meaning != "seat":
        yield state._replace(count=count)
        return
    for after in [state] if op.value is None else _give_seat_back(state, op.value):
        rest = op.quantity - (op.value is not None)
        holdings = [*sorted(after.held, key=str), *after.unnamed]
        for gone in combinations(range(len(holdings)), rest):
            kept = [x for at, x in enumerate(holdings) if at not in gone]
            yield state._replace(
                count=count,
                held=frozenset(x for x in kept if not isinstance(x, frozenset)),
                unnamed=_sorted(x for x in kept if isinstance(x, frozenset)),
            )


def _give_seat_back(state: State, seat: Any) -> Iterator[State]:
    """Give a seat back that is held, or a ticket that may be that one."""
    if seat in state.held:
        yield state._replace(held=state.held - {seat})
        return
    for at, seats in enumerate(state.unnamed):
        if seat not in seats:
            others = state.unnamed[:at] + state.unnamed[at + 1 :]
            yield state._replace(unnamed=_sorted(x | {seat} for x in others))


def replayed(recording: Recording, order: list[int]) -> str | None:
    """Serve operations in a given order; return what goes wrong, None where nothing does.

    Of several inventories the orders follow one another. An answer that was given twice to one
    intent may be left out once.
    """
    if len(set(order)) < len(order):
        return "an operation occurs twice"
    place = {index: at for at, index in enumerate(order)}
    known = 0
    for key, tickets in recording.tickets.items():
        ops = operations(recording, key)
        known += sum(op.index in place for op in ops)
        missing = [op for op in ops if op.certain and op.index not in place]
        chosen = sorted((op for op in ops if op.index in place), key=lambda op: place[op.index])
        told = {op.intent for op in chosen if op.kind == "buy" and op.intent is not None}
        if any(op.kind != "buy" or op.intent not in told for op in missing):
            return f"operations {[op.index for op in missing]} do not occur"
        chosen = [_from_first_attempt(op, ops) for op in chosen]
        if any(_precedes(y, x) for at, x in enumerate(chosen) for y in chosen[at + 1 :]):
            return "the order contradicts the times"
        # Each comes when the one before it is served, so all that is left open is what no
        # answer tells: which seat an order of unknown outcome took.
        line = [
            op._replace(process="order", index=at, begin=at, end=at, certain=True)
            for at, op in enumerate(chosen)
        ]
        left = end_count(recording, key)
        if not has_order(line, tickets, left, recording.meaning, once=True,
                         unlogged=recording.unlogged):  # fmt: skip
            return f"no counter of {tickets} answers so: {chosen}, {left} left"
    return None if known == len(order) else "an operation occurs that is none"


def _from_first_attempt(op: Op, ops: list[Op]) -> Op:
    """An answered order may have taken effect by an earlier attempt at the same intent."""
    if op.kind != "buy" or op.intent is None:
        return op
    attempts = [x for x in ops if x.kind == "buy" and x.intent == op.intent]
    first = min(attempts, key=lambda x: x.index)
    return op._replace(begin=min(op.begin, first.begin), process=(op.intent, "an intent"))
