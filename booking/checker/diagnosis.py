"""From a proof that something is wrong to the name of what is wrong.

Parts of the history are left out, or sales turned into possible ones, until the fault is gone:
what made the difference is what is wrong. A lost update makes counts rise, so what follows from
it (searches that see the rise) is not named again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from booking.checker.causes import Steps, both_read
from booking.checker.certificate import Certificate, Op, operations
from booking.checker.columns import Inventory, Numbers
from booking.checker.messages import buyer, events, listed, sentence, tickets_
from booking.checker.reduction import Parts
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.model import Event

Prove = Callable[[Parts], Certificate | None]
SALES = Parts(searches=False, sold_outs=False, numbers=False)
NUMBERED = Parts(searches=False, sold_outs=False, end=False)


@dataclass(frozen=True, slots=True)
class Case:
    """One inventory that cannot be, and what is known around it."""

    here: Inventory
    tickets: int
    unit: int
    numbers: Numbers
    steps: Steps
    prove: Prove
    proof: Certificate

    @property
    def sold(self) -> int:
        """Tickets certainly sold."""
        return sum(self.here.sold.quantity)

    @property
    def maybe(self) -> int:
        """Tickets of orders with an unknown outcome."""
        return sum(self.here.maybe.quantity)

    @property
    def remaining(self) -> int | None:
        """The count at the end: as it was read, or as the last search after all sales saw it."""
        if self.here.remaining is not None:
            return self.here.remaining
        seen = self.here.searches
        last = max(range(len(seen.invoked)), key=seen.invoked.__getitem__, default=None)
        if last is None or self.here.maybe.invoked:
            return None
        over = seen.invoked[last] > max(self.here.sold.returned, default=0)
        return seen.value[last] if over else None

    def ops(self, parts: Parts | None = None) -> Iterator[Op]:
        """Return the operations."""
        return operations(self.here, self.numbers, parts or Parts())


def name_all(case: Case) -> list[Anomaly]:
    """Name what is wrong, the most telling first; never nothing."""
    found = [*_negative(case), *_oversold(case), *_double_sold(case), *_off_balance(case)]
    balanced = not found
    found += _phantom(case, balanced)
    if balanced:
        found += _out_of_order(case)
    if not found:
        found = [_anomaly(AnomalyName.NOT_LINEARIZABLE, case, case.proof)]
    return found


def _negative(case: Case) -> Iterator[Anomaly]:
    below = next((x for x in case.ops() if x.what in {"search", "end"} and (x.low or 0) < 0), None)
    if below is not None:
        who = "the sale ended with" if below.what == "end" else f"{buyer(below.process)} saw"
        yield Anomaly(
            AnomalyName.NEGATIVE_STOCK,
            f"{who} a count of {below.low}: more was taken than there was",
            events([below]),
        )


def _oversold(case: Case) -> Iterator[Anomaly]:
    if case.sold > case.tickets:
        proof = case.prove(Parts(searches=False, sold_outs=False, numbers=False, end=False))
        members = proof.members if proof else ()
        orders = listed(buyer(x.process) for x in members)
        yield Anomaly(
            AnomalyName.OVERSELL,
            f"{tickets_(case.sold)} sold, {case.tickets} were there: "
            f"{tickets_(sum(x.quantity for x in members))} to {orders} are too many already",
            events(members),
        )
        return
    least = min((n for n in case.here.sold.number if n is not None), default=1)
    most = max(case.here.sold.quantity, default=1)
    for x in case.ops(NUMBERED) if least < most else ():
        if x.what == "buy" and x.low is not None and x.low < x.quantity:
            yield Anomaly(
                AnomalyName.OVERSELL,
                f"{buyer(x.process)} was sold {tickets_(x.quantity)} when {x.low} were left",
                events([x]),
            )
            return
    pair = twice_sold(case)
    if pair is not None:
        first, second, ticket = pair
        who = f"{buyer(first.process)} and {buyer(second.process)}"
        yield Anomaly(
            AnomalyName.OVERSELL, f"{who} both hold ticket {ticket}", events((first, second))
        )


def _double_sold(case: Case) -> Iterator[Anomaly]:
    pair = twice_sold(case)
    if pair is None:
        return
    first, second, ticket = pair
    message = f"ticket {ticket} was sold to {buyer(first.process)} and {buyer(second.process)}"
    witness = events((first, second))
    cause = both_read(first, second, case.steps)
    if cause is not None:
        message += f": both read {cause[0]} before either wrote"
        witness = _in_time((*witness, *cause[1]))
    yield Anomaly(AnomalyName.DOUBLE_SOLD, message, witness)


def twice_sold(case: Case) -> tuple[Op, Op, int] | None:
    """Find two sales that share a ticket; a pair whose steps show why, where there is one."""
    given = [n for n in case.here.sold.number if n is not None]
    single = max(case.here.sold.quantity, default=1) == 1
    if case.numbers in {"none", "seat"} or (single and len(set(given)) == len(given)):
        return None
    numbered = [x for x in case.ops(NUMBERED) if x.high is not None]
    numbered.sort(key=lambda x: (-(x.high or 0), x.returned))
    best: tuple[Op, Op, int] | None = None
    for x, y in pairwise(numbered):
        high, low = x.high or 0, y.high or 0
        if low > high - x.quantity:
            best = best or (x, y, low)
            if both_read(x, y, case.steps) is not None:
                return x, y, low
    return best


def _off_balance(case: Case) -> Iterator[Anomaly]:
    """What is left and what was sold must make up what there was."""
    if case.remaining is None or case.remaining > case.tickets:
        return
    fell = case.tickets - case.remaining
    counts = f"the count fell by {fell}, from {case.tickets} to {case.remaining}"
    if fell < case.sold:
        proof = case.prove(SALES)
        members = proof.members if proof and proof.kind == "overfull" else ()
        message = f"{tickets_(case.sold)} sold, yet {counts}"
        pair = _raced(case)
        if pair is not None:
            first, second, read, steps = pair
            who = f"{buyer(first.process)} and {buyer(second.process)}"
            message += f": {who} both read {read} before either wrote"
            yield Anomaly(
                AnomalyName.LOST_UPDATE, message, _in_time((*events((first, second)), *steps))
            )
            return
        end = proof.after if proof else None
        yield Anomaly(AnomalyName.LOST_UPDATE, message, events([*members, end]))
    elif fell > case.sold + case.maybe:
        gone = fell - case.sold - case.maybe
        unknown = f" and {tickets_(case.maybe)} may have been" if case.maybe else ""
        proof = case.prove(SALES)
        ends = [proof.after] if proof else []
        yield Anomaly(
            AnomalyName.LOST_TICKET,
            f"{counts}, but {tickets_(case.sold)} {_was(case.sold)} sold{unknown}: "
            f"{tickets_(gone)} {_was(gone)} taken and sold to no buyer",
            events(ends),
        )


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _raced(case: Case) -> tuple[Op, Op, int, tuple[Event, ...]] | None:
    """Find two neighbours in time that read the same count before either wrote."""
    if not case.steps.by_process:
        return None
    sold = [x for x in case.ops(SALES) if x.what == "buy"]
    sold.sort(key=lambda x: x.returned)
    for at, first in enumerate(sold):
        for second in sold[at + 1 : at + 65]:
            found = both_read(first, second, case.steps)
            if found is not None:
                return first, second, *found
    return None


def _phantom(case: Case, balanced: bool) -> Iterator[Anomaly]:
    """Sold-outs are false where the sales alone could be, or where even possible ones are too few.

    After an oversell only the weaker question makes sense: could the count have fallen so far
    by then, if each order that was under way took its ticket?
    """
    if not case.here.sold_outs.invoked:
        return
    if balanced:
        parts = Parts(searches=False, numbers=False)
        guilty = case.prove(parts)  # without the sold-outs they would be fine: they balance
    else:
        guilty = case.prove(Parts(searches=False, numbers=False, end=False, sales_optional=True))
    if guilty is None:
        return
    told = next((x for x in (guilty.after, guilty.before) if x and x.what == "sold-out"), None)
    if told is None:
        return
    few = "although" if told.high == 0 else f"for {tickets_((told.high or 0) + 1)} although"
    if guilty.kind == "starved":
        could = sum(x.quantity for x in guilty.members)
        why = f"at most {could} of {tickets_(case.tickets)} can have been sold by then"
        witness = events([*guilty.members, told])
    else:
        who = listed(buyer(x.process) for x in guilty.members)
        why = f"{tickets_(sum(x.quantity for x in guilty.members))} went to {who} afterwards"
        if not guilty.members:
            why = f"the sale ended with {tickets_(case.here.remaining or 0)} left"
        witness = events([told, *guilty.members])
    yield Anomaly(
        AnomalyName.PHANTOM_SOLD_OUT,
        f"{buyer(told.process)} was told that it is sold out {few} {why}",
        witness,
    )


def _out_of_order(case: Case) -> Iterator[Anomaly]:
    """Sales and end agree; so the numbers that buyers were told are wrong, or the searches."""
    numbered = any(n is not None for n in case.here.sold.number)
    guilty = case.prove(Parts(searches=False, sold_outs=False)) if numbered else None
    if guilty is not None:
        lost = guilty.kind == "starved" and case.here.remaining is None
        name = AnomalyName.LOST_TICKET if lost else AnomalyName.NOT_LINEARIZABLE
        yield _anomaly(name, case, guilty)
        return
    guilty = case.proof
    if any(x is not None and x.what == "sold-out" for x in (guilty.before, guilty.after)):
        other = case.prove(Parts(sold_outs=False))
        if other is None:
            return
        guilty = other
    seen = guilty.after or guilty.before
    if guilty.kind == "starved" and case.here.remaining is None:
        yield _anomaly(AnomalyName.LOST_TICKET, case, guilty)
    elif guilty.kind in {"rose", "overfull"} and seen is not None and seen.what == "search":
        yield _anomaly(AnomalyName.STALE_READ, case, guilty)
    else:
        yield _anomaly(AnomalyName.NOT_LINEARIZABLE, case, guilty)


def _anomaly(name: AnomalyName, case: Case, proof: Certificate) -> Anomaly:
    message = sentence(proof, case.tickets)
    return Anomaly(name, message, events([proof.before, *proof.members, proof.after]))


def _in_time(found: tuple[Event, ...]) -> tuple[Event, ...]:
    return tuple(sorted(found, key=lambda event: (event.time, event.index)))
