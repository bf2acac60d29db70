"""Name what is wrong with a history that has been proved impossible.

Constraints are dropped, or sales made optional, until the proof is gone: what made the difference
is what is wrong. A lost update makes counts rise, so what follows from it (searches that see the
rise) is not named again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from booking.checker.causes import StepsByProcess, racing_reads
from booking.checker.certificate import Certificate
from booking.checker.inventory import Inventory
from booking.checker.messages import (
    buyer,
    events_of,
    explanation,
    in_time_order,
    listed,
    tickets_,
)
from booking.checker.operations import Op, operations
from booking.checker.reduction import ALL_CONSTRAINTS, Constraints, Counter
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.model import Event

Refute = Callable[[Constraints], Certificate | None]  # None: an order satisfies the constraints

SALES_AND_END = Constraints(searches=False, sold_outs=False, numbers=False)
SALES_ALONE = Constraints(searches=False, sold_outs=False, numbers=False, end=False)
NUMBERED_SALES = Constraints(searches=False, sold_outs=False, end=False)
NEIGHBOURS_MAX = 64  # later sales that each sale is compared with, to find a pair that raced


@dataclass(frozen=True, slots=True)
class RefutedInventory:
    """One inventory with the proof that it is impossible, and how to look for other proofs."""

    counter: Counter
    steps: StepsByProcess
    refute: Refute
    proof: Certificate

    @property
    def inventory(self) -> Inventory:
        """Its operations."""
        return self.counter.inventory

    @property
    def tickets(self) -> int:
        """The count at the start."""
        return self.counter.tickets

    @property
    def sold(self) -> int:
        """Tickets certainly sold."""
        return sum(self.inventory.sold.quantity)

    @property
    def maybe(self) -> int:
        """Tickets of orders with an unknown outcome."""
        return sum(self.inventory.maybe.quantity)

    @property
    def remaining(self) -> int | None:
        """The count at the end: as it was read, or as the last search after all sales saw it."""
        if self.inventory.remaining is not None:
            return self.inventory.remaining
        searches = self.inventory.searches
        rows = range(len(searches.invoked))
        last = max(rows, key=searches.invoked.__getitem__, default=None)
        if last is None or self.inventory.maybe.invoked:
            return None
        over = searches.invoked[last] > max(self.inventory.sold.returned, default=0)
        return searches.value[last] if over else None

    def ops(self, constraints: Constraints = ALL_CONSTRAINTS) -> Iterator[Op]:
        """Return the operations."""
        return operations(self.inventory, self.counter.numbers, constraints)


def diagnose(refuted: RefutedInventory) -> list[Anomaly]:
    """Return the anomalies, the most telling first; at least one."""
    anomalies = [
        *_negative_stock(refuted),
        *_oversell(refuted),
        *_double_sold(refuted),
        *_imbalance(refuted),
    ]
    balanced = not anomalies
    anomalies += _phantom_sold_out(refuted, balanced)
    if balanced:
        anomalies += _out_of_order(refuted)
    if not anomalies:
        anomalies = [_anomaly(AnomalyName.NOT_LINEARIZABLE, refuted, refuted.proof)]
    return anomalies


def _negative_stock(refuted: RefutedInventory) -> Iterator[Anomaly]:
    observed = (x for x in refuted.ops() if x.what in {"search", "end"})
    below = next((x for x in observed if (x.low or 0) < 0), None)
    if below is not None:
        who = "the sale ended with" if below.what == "end" else f"{buyer(below.process)} saw"
        yield Anomaly(
            AnomalyName.NEGATIVE_STOCK,
            f"{who} a count of {below.low}: more was taken than there was",
            events_of([below]),
        )


def _oversell(refuted: RefutedInventory) -> Iterator[Anomaly]:
    """More was sold than there was, or than was left; or two sales share a ticket."""
    if refuted.sold > refuted.tickets:
        proof = refuted.refute(SALES_ALONE)
        members = proof.members if proof else ()
        orders = listed(buyer(x.process) for x in members)
        yield Anomaly(
            AnomalyName.OVERSELL,
            f"{tickets_(refuted.sold)} sold, {refuted.tickets} were there: "
            f"{tickets_(sum(x.quantity for x in members))} to {orders} are too many already",
            events_of(members),
        )
        return
    beyond = _sold_beyond_the_last(refuted)
    if beyond is not None:
        yield Anomaly(
            AnomalyName.OVERSELL,
            f"{buyer(beyond.process)} was sold {tickets_(beyond.quantity)} "
            f"when {beyond.low} were left",
            events_of([beyond]),
        )
        return
    shared = shared_ticket(refuted)
    if shared is not None:
        first, second, ticket = shared
        who = f"{buyer(first.process)} and {buyer(second.process)}"
        yield Anomaly(
            AnomalyName.OVERSELL, f"{who} both hold ticket {ticket}", events_of((first, second))
        )


def _sold_beyond_the_last(refuted: RefutedInventory) -> Op | None:
    """Find a sale of more tickets than its own number says were left."""
    sold = refuted.inventory.sold
    least = min((number for number in sold.number if number is not None), default=1)
    if least >= max(sold.quantity, default=1):
        return None
    sales = (x for x in refuted.ops(NUMBERED_SALES) if x.what == "buy")
    return next((x for x in sales if x.low is not None and x.low < x.quantity), None)


def _double_sold(refuted: RefutedInventory) -> Iterator[Anomaly]:
    shared = shared_ticket(refuted)
    if shared is None:
        return
    first, second, ticket = shared
    message = f"ticket {ticket} was sold to {buyer(first.process)} and {buyer(second.process)}"
    evidence = events_of((first, second))
    cause = racing_reads(first, second, refuted.steps)
    if cause is not None:
        count, steps = cause
        message += f": both read {count} before either wrote"
        evidence = in_time_order((*evidence, *steps))
    yield Anomaly(AnomalyName.DOUBLE_SOLD, message, evidence)


def shared_ticket(refuted: RefutedInventory) -> tuple[Op, Op, int] | None:
    """Find two sales that share a ticket; a pair whose steps show why, where there is one."""
    sold = refuted.inventory.sold
    given = [number for number in sold.number if number is not None]
    single = max(sold.quantity, default=1) == 1
    seats = refuted.counter.numbers in {"none", "seat"}
    if seats or (single and len(set(given)) == len(given)):
        return None
    numbered = [x for x in refuted.ops(NUMBERED_SALES) if x.high is not None]
    numbered.sort(key=lambda x: (-(x.high or 0), x.returned))
    first_pair: tuple[Op, Op, int] | None = None
    for x, y in pairwise(numbered):
        high, low = x.high or 0, y.high or 0
        if low > high - x.quantity:
            first_pair = first_pair or (x, y, low)
            if racing_reads(x, y, refuted.steps) is not None:
                return x, y, low
    return first_pair


def _imbalance(refuted: RefutedInventory) -> Iterator[Anomaly]:
    """What is left and what was sold must make up what there was."""
    if refuted.remaining is None or refuted.remaining > refuted.tickets:
        return
    fell = refuted.tickets - refuted.remaining
    counts = f"the count fell by {fell}, from {refuted.tickets} to {refuted.remaining}"
    if fell < refuted.sold:
        yield _lost_update(refuted, f"{tickets_(refuted.sold)} sold, yet {counts}")
    elif fell > refuted.sold + refuted.maybe and not refuted.inventory.unlogged:
        yield _lost_ticket(refuted, fell - refuted.sold - refuted.maybe, counts)


def _lost_update(refuted: RefutedInventory, message: str) -> Anomaly:
    """The count fell by less than was sold: two orders that raced are the evidence, if any."""
    proof = refuted.refute(SALES_AND_END)
    race = _racing_pair(refuted)
    if race is not None:
        first, second, count, steps = race
        who = f"{buyer(first.process)} and {buyer(second.process)}"
        message += f": {who} both read {count} before either wrote"
        evidence = in_time_order((*events_of((first, second)), *steps))
        return Anomaly(AnomalyName.LOST_UPDATE, message, evidence)
    members = proof.members if proof and proof.kind == "overfull" else ()
    end = proof.after if proof else None
    return Anomaly(AnomalyName.LOST_UPDATE, message, events_of([*members, end]))


def _lost_ticket(refuted: RefutedInventory, gone: int, counts: str) -> Anomaly:
    """The count fell by more than was sold and may have been sold: `gone` tickets are missing."""
    sold, maybe = refuted.sold, refuted.maybe
    unknown = f" and {tickets_(maybe)} may have been" if maybe else ""
    proof = refuted.refute(SALES_AND_END)
    return Anomaly(
        AnomalyName.LOST_TICKET,
        f"{counts}, but {tickets_(sold)} {_was(sold)} sold{unknown}: "
        f"{tickets_(gone)} {_was(gone)} taken and sold to no buyer",
        events_of([proof.after] if proof else []),
    )


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _racing_pair(refuted: RefutedInventory) -> tuple[Op, Op, int, tuple[Event, ...]] | None:
    """Find two sales, near in time, that read the same count before either wrote."""
    if not refuted.steps.by_process:
        return None
    sales = [x for x in refuted.ops(SALES_AND_END) if x.what == "buy"]
    sales.sort(key=lambda x: x.returned)
    for at, first in enumerate(sales):
        for second in sales[at + 1 : at + 1 + NEIGHBOURS_MAX]:
            cause = racing_reads(first, second, refuted.steps)
            if cause is not None:
                return first, second, *cause
    return None


def _phantom_sold_out(refuted: RefutedInventory, balanced: bool) -> Iterator[Anomaly]:
    """Find a sold-out that cannot have been true.

    Where sales and end balance, the sales alone could be; so a proof without searches and numbers
    is the sold-outs' fault. After an oversell only the weaker question makes sense: could the
    count have fallen so far by then, if each order that was under way took its ticket?
    """
    if not refuted.inventory.sold_outs.invoked:
        return
    if balanced:
        constraints = Constraints(searches=False, numbers=False)
    else:
        constraints = Constraints(searches=False, numbers=False, end=False, sales_optional=True)
    proof = refuted.refute(constraints)
    if proof is None:
        return
    ends = (proof.after, proof.before)
    sold_out = next((x for x in ends if x is not None and x.what == "sold-out"), None)
    if sold_out is None:
        return
    few = "although"
    if sold_out.high != 0:
        few = f"for {tickets_((sold_out.high or 0) + 1)} although"
    if proof.kind == "starved":
        could = sum(x.quantity for x in proof.members)
        why = f"at most {could} of {tickets_(refuted.tickets)} can have been sold by then"
        evidence = events_of([*proof.members, sold_out])
    else:
        who = listed(buyer(x.process) for x in proof.members)
        why = f"{tickets_(sum(x.quantity for x in proof.members))} went to {who} afterwards"
        if not proof.members:
            why = f"the sale ended with {tickets_(refuted.inventory.remaining or 0)} left"
        evidence = events_of([sold_out, *proof.members])
    yield Anomaly(
        AnomalyName.PHANTOM_SOLD_OUT,
        f"{buyer(sold_out.process)} was told that it is sold out {few} {why}",
        evidence,
    )


def _out_of_order(refuted: RefutedInventory) -> Iterator[Anomaly]:
    """Sales and end agree; so the numbers that buyers were told are wrong, or the searches."""
    numbered = any(number is not None for number in refuted.inventory.sold.number)
    end_unread = refuted.inventory.remaining is None
    numbers = Constraints(searches=False, sold_outs=False)
    proof = refuted.refute(numbers) if numbered else None
    if proof is not None:
        lost = proof.kind == "starved" and end_unread
        name = AnomalyName.LOST_TICKET if lost else AnomalyName.NOT_LINEARIZABLE
        yield _anomaly(name, refuted, proof)
        return
    proof = refuted.proof
    if any(x is not None and x.what == "sold-out" for x in (proof.before, proof.after)):
        other = refuted.refute(Constraints(sold_outs=False))
        if other is None:
            return
        proof = other
    observation = proof.after or proof.before
    by_search = observation is not None and observation.what == "search"
    if proof.kind == "starved" and end_unread:
        yield _anomaly(AnomalyName.LOST_TICKET, refuted, proof)
    elif proof.kind in {"rose", "overfull"} and by_search:
        yield _anomaly(AnomalyName.STALE_READ, refuted, proof)
    else:
        yield _anomaly(AnomalyName.NOT_LINEARIZABLE, refuted, proof)


def _anomaly(name: AnomalyName, refuted: RefutedInventory, proof: Certificate) -> Anomaly:
    message = explanation(proof, refuted.tickets)
    return Anomaly(name, message, events_of([proof.before, *proof.members, proof.after]))
