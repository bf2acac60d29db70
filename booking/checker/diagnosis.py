"""Name what is wrong with a history that has been proved impossible.

Constraints are dropped, or sales made optional, until the proof is gone: what made the difference
is what is wrong. A lost update makes counts rise, so what follows from it (searches that see the
rise) is not named again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import accumulate, pairwise
from math import inf
from typing import Protocol

from booking.checker.causes import StepsByProcess, racing_reads
from booking.checker.certificate import Certificate
from booking.checker.inventory import Inventory, Observations
from booking.checker.messages import (
    buyer,
    events_of,
    explanation,
    in_time_order,
    listed,
    proof_events,
    tickets_,
)
from booking.checker.operations import Op, operations, sale_op
from booking.checker.reduction import ALL_CONSTRAINTS, Constraints, Counter
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.model import Event


class Refute(Protocol):
    """Prove that no order satisfies the constraints; None where one does.

    `part` is the inventory without some of its operations.
    """

    def __call__(
        self, constraints: Constraints, part: Inventory | None = None
    ) -> Certificate | None:
        """Return the proof."""


SALES_AND_END = Constraints(searches=False, sold_outs=False, numbers=False)
SALES_ALONE = Constraints(searches=False, sold_outs=False, numbers=False, end=False)
NUMBERED_SALES = Constraints(searches=False, sold_outs=False, end=False)
ALONE_MAX = 32  # observations that are tried one by one
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
        last = self.last_search
        return None if last is None else self.inventory.searches.value[last]

    @property
    def last_search(self) -> int | None:
        """The row of the search that began after all orders were over, if there is one."""
        searches, sold = self.inventory.searches, self.inventory.sold
        rows = range(len(searches.invoked))
        last = max(rows, key=searches.invoked.__getitem__, default=None)
        if last is None or self.inventory.maybe.invoked:
            return None
        return last if searches.invoked[last] > max(sold.returned, default=-inf) else None

    def refute_end(self) -> Certificate | None:
        """Prove that sales and the count at the end do not agree, as `remaining` has it."""
        if self.inventory.remaining is not None or self.last_search is None:
            return self.refute(SALES_AND_END)
        searches = _only(self.inventory.searches, self.last_search)
        part = replace(self.inventory, searches=searches)
        return self.refute(Constraints(sold_outs=False, numbers=False), part)

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
    least = min((number for number in sold.number if isinstance(number, int)), default=1)
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
        anomaly = _lost_update(refuted, f"{tickets_(refuted.sold)} sold, yet {counts}")
        if anomaly is not None:
            yield anomaly
    elif fell > refuted.sold + refuted.maybe:
        yield _lost_ticket(refuted, fell - refuted.sold - refuted.maybe, counts)


def _lost_update(refuted: RefutedInventory, message: str) -> Anomaly | None:
    """The count fell by less than was sold: two orders that raced are the evidence, if any.

    None: the sales that were too many explain it, because the store took the count to 0 at least.
    """
    race = _racing_pair(refuted)
    if race is not None:
        first, second, count, steps = race
        who = f"{buyer(first.process)} and {buyer(second.process)}"
        message += f": {who} both read {count} before either wrote"
        evidence = in_time_order((*events_of((first, second)), *steps))
        return Anomaly(AnomalyName.LOST_UPDATE, message, evidence)
    if _stops_at_nothing(refuted):
        return _lost_before_nothing(refuted)
    proof = refuted.refute_end()
    members = proof.members if proof and proof.kind == "overfull" else ()
    end = proof.after if proof else None
    return Anomaly(AnomalyName.LOST_UPDATE, message, events_of([*members, end]))


def _stops_at_nothing(refuted: RefutedInventory) -> bool:
    """Return whether more was sold than there was, and too little is left for another order.

    A store that counts down to 0 and no further ends like that. Its sales are an oversell, and no
    update need have been lost.
    """
    most = max(refuted.inventory.sold.quantity, default=1)
    return refuted.sold > refuted.tickets and 0 <= (refuted.remaining or 0) < most


def _lost_before_nothing(refuted: RefutedInventory) -> Anomaly | None:
    """Find a search that saw more left than the sales that were over had left."""
    sold, searches = refuted.inventory.sold, refuted.inventory.searches
    by_return = sorted(range(len(sold.invoked)), key=sold.returned.__getitem__)
    returned = [sold.returned[row] for row in by_return]
    taken = [0, *accumulate(sold.quantity[row] for row in by_return)]
    for row, count in enumerate(searches.value):
        over = bisect_left(returned, searches.invoked[row])
        if count <= 0 or taken[over] <= refuted.tickets - count:
            continue
        who = buyer(searches.process[row])
        enough = bisect_right(taken, refuted.tickets - count)
        sales = [sale_op(refuted.inventory, sale) for sale in by_return[:enough]]
        seen = next(x for x in refuted.ops() if x.index == searches.index[row])
        return Anomaly(
            AnomalyName.LOST_UPDATE,
            f"{tickets_(taken[enough])} sold before {who} searched, yet it saw {count} left "
            f"of {refuted.tickets}",
            events_of([*sales, seen]),
        )
    return None


def _lost_ticket(refuted: RefutedInventory, gone: int, counts: str) -> Anomaly:
    """The count fell by more than was sold and may have been sold: `gone` tickets are missing."""
    sold, maybe = refuted.sold, refuted.maybe
    unknown = f" and {tickets_(maybe)} may have been" if maybe else ""
    proof = refuted.refute_end()
    return Anomaly(
        AnomalyName.LOST_TICKET,
        f"{counts}, but {tickets_(sold)} {_was(sold)} sold{unknown}: "
        f"{tickets_(gone)} {_was(gone)} taken and sold to no buyer",
        proof_events(proof) if proof else (),
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
    proof = _of_the_earliest(refuted, constraints) or proof
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


def _of_the_earliest(refuted: RefutedInventory, constraints: Constraints) -> Certificate | None:
    """Return the proof against the earliest sold-out that is wrong by itself.

    The earliest of each quantity proves most. Where none is wrong alone, some are together.
    """
    rows = refuted.inventory.sold_outs
    earliest: dict[int, int] = {}
    for row in sorted(range(len(rows.value)), key=rows.returned.__getitem__):
        earliest.setdefault(rows.value[row], row)
    for row in list(earliest.values())[:ALONE_MAX]:
        alone = replace(refuted.inventory, sold_outs=_only(rows, row))
        proof = refuted.refute(constraints, alone)
        if proof is not None:
            return proof
    return None


def _only(rows: Observations, *chosen: int) -> Observations:
    """Return some rows alone."""
    columns = {column.name: getattr(rows, column.name) for column in fields(rows)}
    return Observations(
        **{name: [column[row] for row in chosen] for name, column in columns.items()}
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
    proof = _of_one_search(refuted, proof) or proof
    yield _anomaly(_name_of(refuted, proof), refuted, proof)


def _name_of(refuted: RefutedInventory, proof: Certificate) -> AnomalyName:
    """Return what it is called that sales and searches do not agree."""
    earlier, later = proof.before, proof.after
    if proof.kind == "starved":
        if earlier is not None and earlier.what == "search" and later and later.what == "end":
            return AnomalyName.STALE_READ
        end_unread = refuted.inventory.remaining is None
        lost = end_unread and not _is_contradicted(refuted.inventory, proof.after)
        return AnomalyName.LOST_TICKET if lost else AnomalyName.NOT_LINEARIZABLE
    # A search that saw more than was left saw an older count. One that saw less saw none that was.
    if proof.kind != "out of range" and later is not None and later.what == "search":
        return AnomalyName.STALE_READ
    return AnomalyName.NOT_LINEARIZABLE


def _is_contradicted(inventory: Inventory, low: Op | None) -> bool:
    """Return whether a search that began later saw more tickets than `low` did."""
    if low is None or low.high is None:
        return False
    rows = zip(inventory.searches.invoked, inventory.searches.value, strict=True)
    return any(invoked > low.returned and value > low.high for invoked, value in rows)


def _of_one_search(refuted: RefutedInventory, proof: Certificate) -> Certificate | None:
    """Return the proof against the one search of a proof that is wrong by itself.

    The later one is asked first: a count that rose was most likely read too late.
    """
    searches = refuted.inventory.searches
    for x in (proof.after, proof.before):
        if x is not None and x.what == "search":
            row = searches.index.index(x.index)
            alone = replace(refuted.inventory, searches=_only(searches, row))
            single = refuted.refute(Constraints(sold_outs=False), alone)
            if single is not None:
                return single
    return None


def _anomaly(name: AnomalyName, refuted: RefutedInventory, proof: Certificate) -> Anomaly:
    return Anomaly(name, explanation(proof, refuted.tickets), proof_events(proof))
