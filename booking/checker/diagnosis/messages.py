"""Write the sentences that people read, and return the events that prove them."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from booking.checker.certificate import Certificate
from booking.checker.operations import END_INDEX, Op
from booking.core.protocols import SOLD_OUT
from booking.history.model import HARNESS, Event

EVIDENCE_MAX = 100  # events; the history has them all


def buyer(process: object) -> str:
    """Return what a process is called in a sentence."""
    return f"buyer {process}"


def tickets_(count: int) -> str:
    """Return a number of tickets with its noun."""
    return "1 ticket" if count == 1 else f"{count or 'no'} tickets"


def was(count: int) -> str:
    """Return the verb for a number of tickets."""
    return "was" if count == 1 else "were"


def buyers_of(ops: Iterable[Op]) -> str:
    """Return the buyers of operations, each once."""
    return listed(dict.fromkeys(buyer(x.process) for x in ops))


def listed(names: Iterable[str], most: int = 4) -> str:
    """Join names: `a, b and c`; many are cut short."""
    names = list(names)
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def events_of(ops: Iterable[Op | None]) -> tuple[Event, ...]:
    """Return the events of operations, in the order of time; the sale's end is an event, too."""
    chosen = [op for op in ops if op is not None]
    events = [event for op in chosen for event in _events(op)]
    if len(events) <= EVIDENCE_MAX:
        return in_time_order(events)
    # What was observed is what the orders are held against: it is never left out.
    seen = [event for op in chosen if not op.quantity for event in _events(op)][:EVIDENCE_MAX]
    orders = in_time_order(event for op in chosen if op.quantity for event in _events(op))
    return in_time_order((*seen, *shortened(orders, EVIDENCE_MAX - len(seen))))


def proof_events(proof: Certificate) -> tuple[Event, ...]:
    """Return the events of a certificate."""
    return events_of([proof.before, *proof.members, *proof.elsewhere, proof.after])


def in_time_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """Sort events by time, and those of one time by their index; the count at the end is last."""
    return tuple(sorted(events, key=lambda x: (x.index == END_INDEX, x.time, x.index)))


def shortened(events: tuple[Event, ...], most: int = EVIDENCE_MAX) -> tuple[Event, ...]:
    """Return the first events and the last, where there are too many."""
    half = most // 2
    return (
        events if len(events) <= most else (*events[: most - half], *events[len(events) - half :])
    )


def _events(op: Op) -> list[Event]:
    if op.what == "end":
        return [Event(END_INDEX, HARNESS, "info", "end", {"remaining": op.low}, 0)]
    sold_out = op.what == "sold-out"
    name = {"search": "search", "refund": "refund", "maybe-refund": "refund"}.get(op.what, "buy")
    quantity = op.quantity if op.quantity else (op.high or 0) + 1 if sold_out else 1
    begin = Event(op.index, op.process, "invoke", name, None, int(op.invoked), None, quantity)
    if op.returned == inf or op.done is None:
        return [begin]
    kind, value, error = ("fail", None, SOLD_OUT) if sold_out else ("ok", op.low, None)
    done = Event(op.done, op.process, kind, name, value, int(op.returned), error, quantity)
    return [begin, done]


def saw(op: Op) -> str:
    """Return a clause on what an operation proves about the count."""
    who = buyer(op.process)
    match op.what:
        case "search":
            return f"{who}'s search answered {_counted(op)}"
        case "sold-out":
            few = "none" if op.high == 0 else f"at most {op.high}"
            return f"{who} was told that it is sold out ({few} left)"
        case "buy":
            return f"{who} was sold ticket {ticket_of(op)}"
        case _ if op.recorded is not None:
            sold = f"{op.recorded} {was(op.recorded)} sold"
            return f"{sold} at the end ({op.low} left)"
        case _:
            return f"{op.low or 'none'} remained at the end"


def ticket_of(op: Op) -> int | None:
    """Return the number of the ticket that an order was sold, as it was answered."""
    return op.high if op.recorded is None else op.recorded


def _counted(op: Op) -> str:
    """Return a count as it was recorded: of tickets left, or of tickets sold."""
    return str(op.low) if op.recorded is None else f"{op.recorded} sold ({op.low} left)"


def explanation(proof: Certificate, tickets: int) -> str:
    """Return one sentence on what a certificate proves."""
    a, b = proof.before, proof.after
    if proof.kind in {"too high", "too low", "twice", "no order"}:
        return _with_refunds(proof)
    if proof.kind == "out of range" and a is not None and a.quantity > tickets:
        done = "given back" if a.gives_back else "sold"
        return f"{tickets_(a.quantity)} {done} at once, with {tickets_(tickets)} at the start"
    if proof.kind == "out of range" and a is not None:
        return _out_of_range(a, tickets)
    if proof.kind == "rose" and a is not None and b is not None:
        return f"{saw(b)} although {saw(a)} before that began: the count only falls"
    taken = sum(x.quantity for x in proof.members)
    fall = proof.high - proof.low
    if proof.kind == "overfull":
        fell = f"fell by {fall} only, from {proof.high} to {proof.low}"
        stayed = f"was {proof.high} before and after"
        return (
            f"{tickets_(taken)} went to {buyers_of(proof.members)}{_between(a, b)}, "
            f"although the count {fell if fall else stayed}"
        )
    return (
        f"the count fell by {fall}, from {proof.high} to {proof.low},{_between(a, b)}, "
        f"but the orders of that time can have taken {taken or 'none'}{' at most' * bool(taken)}"
    )


def _out_of_range(x: Op, tickets: int) -> str:
    if x.what == "buy" and x.high is not None and x.high < x.quantity:
        return (
            f"{buyer(x.process)} was sold {tickets_(x.quantity)} when {x.high} {was(x.high)} left"
        )
    steps = " and the quantities ordered" if 0 <= (x.low or 0) <= tickets else ""
    return f"{saw(x)}, which cannot be with {tickets_(tickets)} at the start{steps}"


def _between(a: Op | None, b: Op | None) -> str:
    if a is not None and b is not None:
        return f" between two moments ({saw(a)}; {saw(b)})"
    if a is not None:
        return f" after {saw(a)}"
    return f" by the time {saw(b)}" if b is not None else ""


def _with_refunds(proof: Certificate) -> str:
    """Return one sentence on a certificate for a count that can rise."""
    members = proof.members
    who = listed(dict.fromkeys(buyer(x.process) for x in members))
    total = tickets_(sum(x.quantity for x in members))
    match proof.kind:
        case "twice":
            number = min(x.high or 0 for x in members)
            return f"{who} were sold ticket {number}, and no refund can have come in between"
        case "too high" if proof.seat is not None:
            return f"ticket {proof.seat} was sold to {who}"
        case "too high":
            return _too_high(proof, f"{total} went to {who}")
        case "too low":
            return _too_low(proof, f"{total} came back from {who}")
        case _:
            seen = [saw(x) for x in members if x.low is not None]
            said = f": {listed(seen)}" if seen else ""
            return f"no order of {len(members)} operations explains every answer{said}"


def _too_high(proof: Certificate, sold: str) -> str:
    """Return how more tickets were seen than sales had left, and refunds can have brought back."""
    a, b, back = proof.before, proof.after, proof.against
    returned = f"at most {back} can have come back" if back else ""
    if b is None:
        after = f" after {saw(a)}" if a is not None else ""
        return f"{sold}{after}{f', and {returned}' if returned else ''}: so many were not left"
    if a is None:
        clauses = [f"{sold} before that" if proof.members else "", returned]
    else:
        clauses = [
            f"{saw(a)} before that began", f"{sold} in between" if proof.members else "", returned
        ]  # fmt: skip
    return f"{saw(b)} although {listed(clause for clause in clauses if clause)}"


def _too_low(proof: Certificate, back: str) -> str:
    """Return how fewer tickets were seen than orders can have left, or more came back."""
    a, b, sold = proof.before, proof.after, proof.against
    if proof.seat is not None:
        return f"{back}: ticket {proof.seat} was not sold so often"
    most = f"at most {sold}" if sold else "none"
    since = f"after {saw(a)}" if a is not None else "by then"
    if b is None:
        return f"{back}, although {most} can have been sold {since}"
    clauses = [
        f"{saw(a)} before that began" if a is not None else "",
        f"{back} {'in between' if a is not None else 'before that'}" if proof.members else "",
        f"{most} can have been sold {'meanwhile' if a is not None else 'by then'}",
    ]
    return f"{saw(b)} although {listed(clause for clause in clauses if clause)}"
