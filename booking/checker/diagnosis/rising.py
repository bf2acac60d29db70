"""Name what is wrong with a count that can rise, or with orders of several quantities.

Constraints are added one kind after another: the sales and refunds alone, the count at the end,
sold-outs, numbers, searches. The first kind that makes an order impossible is what is wrong. The
names are those of a counter that only falls (`diagnosis`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import msgspec

from booking.checker.certificate import Certificate, verify
from booking.checker.diagnosis.falling import NEIGHBOURS_MAX, double_sold
from booking.checker.diagnosis.messages import (
    buyer,
    events_of,
    explanation,
    in_time_order,
    listed,
    tickets_,
)
from booking.checker.operations import Op, without_answer
from booking.checker.returns.balance import Mark
from booking.checker.returns.excess import (
    Stock,
    certified,
    given_back_by,
    refute_counts,
    too_low,
    undone_by,
)
from booking.checker.rules.causes import StepsByProcess, racing_reads
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.model import Event

SHOWN_MAX = 12  # orders and refunds that are shown as evidence, with those that were given back
SEARCHES_MAX = 4  # that are tried alone, to find the one that is wrong

Refute = Callable[[Sequence[Op]], Certificate | None]  # None: an order, or none is known
Named = tuple[Anomaly, Certificate]


@dataclass(frozen=True, slots=True)
class RefutedCount:
    """A counter's operations that have no order, and how to ask the same of some of them."""

    ops: Sequence[Op]
    stock: Stock
    steps: StepsByProcess
    refute: Refute
    proof: Certificate

    def only(self, *observations: str, numbers: bool = False) -> list[Op]:
        """Return the sales and refunds, with observations of these kinds alone."""
        return [
            x if numbers else without_answer(x)
            for x in self.ops
            if x.quantity or x.what in observations
        ]

    @property
    def end(self) -> Op | None:
        """The count at the end: as it was read, or as the last search after all orders saw it."""
        last = max((x for x in self.ops if not x.quantity), key=_invoked, default=None)
        if last is None or last.what == "end":
            return last
        orders = max((x.returned for x in self.ops if x.quantity), default=-inf)
        return last if last.what == "search" and last.invoked > orders else None

    @property
    def is_end_read(self) -> bool:
        """Whether the count at the end was read."""
        return any(x.what == "end" for x in self.ops)


def _invoked(x: Op) -> float:
    return x.invoked


def diagnose_count(refuted: RefutedCount) -> list[Named]:
    """Return the anomalies, the most telling first, each with its certificate; at least one."""
    alone = refuted.refute(refuted.only())
    named = [*_negative_stock(refuted)]
    if alone is not None:
        named.append(_by_sales_alone(alone, refuted))
    named += _shared_ticket(refuted, oversold=alone is not None)
    if alone is None:
        named += _imbalance(refuted)
    balanced = not named
    named += _phantom_sold_out(refuted, balanced)
    if balanced:
        named += _out_of_order(refuted, named)
    return named or [_anomaly(AnomalyName.NOT_LINEARIZABLE, refuted.proof, refuted)]


def _negative_stock(refuted: RefutedCount) -> Iterator[Named]:
    observed = (x for x in refuted.ops if x.what in {"search", "end"})
    below = next((x for x in observed if (x.low or 0) < 0), None)
    if below is not None:
        who = "the sale ended with" if below.what == "end" else f"{buyer(below.process)} saw"
        message = f"{who} a count of {below.low}: more was taken than there was"
        proof = Certificate("out of range", before=below, key=refuted.stock.key)
        yield Anomaly(AnomalyName.NEGATIVE_STOCK, message, events_of([below])), proof


def _by_sales_alone(proof: Certificate, refuted: RefutedCount) -> Named:
    """Name what sales and refunds show without any observation."""
    x = proof.before
    if proof.kind == "too high":
        return oversell(proof, refuted.ops, refuted.stock), proof
    if proof.kind == "out of range" and x is not None and x.what == "buy":
        message = f"{buyer(x.process)} was sold {tickets_(x.quantity)}: {_all(refuted)}"
        return Anomaly(AnomalyName.OVERSELL, message, events_of([x])), proof
    return _anomaly(AnomalyName.NOT_LINEARIZABLE, proof, refuted)


def _all(refuted: RefutedCount) -> str:
    tickets = refuted.stock.tickets
    return f"{tickets} {'was' if tickets == 1 else 'were'} there"


def oversell(proof: Certificate, ops: Sequence[Op], stock: Stock) -> Anomaly:
    """Name buyers that hold more than there was, not all who ever bought.

    A few orders that were given back meanwhile are shown as well: they prove that the rest is held.
    """
    undone = undone_by(proof, ops, stock.tickets)
    pairs = given_back_by(proof.members, undone)
    over = {x.index for pair in pairs for x in pair}
    held = [x for x in proof.members if x.index not in over]
    unmatched = [x for x in undone if x.index not in over]
    who = listed(dict.fromkeys(buyer(x.process) for x in held))
    total = sum(x.quantity for x in held)
    back = sum(x.quantity for x in unmatched)
    shown = [*proof.members, *undone]
    if len(shown) > SHOWN_MAX:
        shown = [*held, *unmatched]
    name, evidence = AnomalyName.OVERSELL, events_of(shown)
    given = f", of which at most {back} can have come back" if back else ""
    if proof.seat is not None:
        return Anomaly(
            AnomalyName.DOUBLE_SOLD, f"ticket {proof.seat} was sold to {who}{given}", evidence
        )
    there = f"{stock.tickets} {'was' if stock.tickets == 1 else 'were'} there"
    held_ = "were sold" if back else "hold" if len(held) > 1 else "holds"
    if back:
        return Anomaly(name, f"{tickets_(total)} were sold to {who}{given}: {there}", evidence)
    return Anomaly(name, f"{who} {held_} {tickets_(total)} at one time: {there}", evidence)


def unsold(proof: Certificate, ops: Sequence[Op], stock: Stock) -> Anomaly:
    """Name a seat that came back more often than it can have been sold."""
    undone = undone_by(proof, ops, stock.tickets)
    evidence = events_of([*proof.members, *(x for x in undone if x.seat is not None)])
    message = explanation(proof, stock.tickets)
    return Anomaly(AnomalyName.NOT_LINEARIZABLE, message, evidence)


def _shared_ticket(refuted: RefutedCount, *, oversold: bool) -> Iterator[Named]:
    """Two sales of one number without a refund in between; or a sale of more than was left."""
    sales = [x for x in refuted.ops if x.what == "buy" and x.high is not None]
    if not sales:
        return
    for x in sales:
        if 0 <= (x.low or 0) < x.quantity and not oversold:
            proof = Certificate("out of range", before=x, key=refuted.stock.key)
            left = f"{x.low} {_was(x.low or 0)} left"
            message = f"{buyer(x.process)} was sold {tickets_(x.quantity)} when {left}"
            yield Anomaly(AnomalyName.OVERSELL, message, events_of([x])), proof
            oversold = True
    proof_ = refute_counts([*sales, *(x for x in refuted.ops if x.gives_back)], refuted.stock)
    if proof_ is None or proof_.kind != "twice":
        return
    first, second = sorted(proof_.members, key=lambda x: x.returned)
    number = min(first.high or 0, second.high or 0)
    if not oversold:
        message = f"{buyer(first.process)} and {buyer(second.process)} both hold ticket {number}"
        yield Anomaly(AnomalyName.OVERSELL, message, events_of((first, second))), proof_
    yield double_sold(first, second, number, refuted.steps), proof_


def _imbalance(refuted: RefutedCount) -> Iterator[Named]:
    """What is left, what was sold and what came back must make up what there was."""
    end, stock = refuted.end, refuted.stock
    if end is None or end.low is None or not 0 <= end.low <= stock.tickets:
        return
    lost = _from_start_to(end, "too high", refuted)
    gone = _from_start_to(end, "too low", refuted)
    sold = sum(x.quantity for x in refuted.ops if x.what == "buy")
    back = sum(x.quantity for x in refuted.ops if x.what == "refund")
    counts = f"the count went from {stock.tickets} to {end.low}"
    if end.recorded is not None:  # of tickets sold
        counts = f"the count went from 0 to {end.recorded}"
    returned = f" and {back} given back" if back else ""
    orders = f"{tickets_(sold)} sold{returned}"
    if lost is not None:
        message = f"{orders}, yet {counts}"
        race = _racing_pair(refuted)
        evidence = events_of([*lost.members, end])
        if race is not None:
            first, second, count, steps = race
            who = f"{buyer(first.process)} and {buyer(second.process)}"
            message += f": {who} both read {count} before either wrote"
            evidence = in_time_order((*events_of((first, second)), *steps))
        yield Anomaly(AnomalyName.LOST_UPDATE, message, evidence), lost
    elif gone is not None:
        takers = [x for x in refuted.ops if x.what in {"buy", "maybe"}]
        missing = stock.tickets - end.low - sum(x.quantity for x in takers) + back
        maybe = sum(x.quantity for x in takers) - sold
        unknown = f", {tickets_(maybe)} may have been" if maybe else ""
        message = (
            f"{counts}, but {tickets_(sold)} {_was(sold)} sold{unknown}{returned}: "
            f"{tickets_(missing)} {_was(missing)} taken and sold to no buyer"
        )
        yield (
            Anomaly(AnomalyName.LOST_TICKET, message, events_of([*takers, *gone.members, end])),
            gone,
        )


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _from_start_to(
    end: Op, kind: Literal["too high", "too low"], refuted: RefutedCount
) -> Certificate | None:
    """Return the certificate on the count at the end alone, if it holds."""
    falls = kind == "too high"
    sign = 1 if falls else -1
    changes = [x for x in refuted.ops if x.what == ("buy" if falls else "refund")]
    others = [x for x in refuted.ops if x.gives_back == falls and x.quantity]
    marks = (
        Mark(-inf, -inf, sign * refuted.stock.tickets),
        Mark(2 * end.invoked, 2 * end.returned, sign * (end.low or 0), end),
    )
    proof = certified(kind, marks, changes, others, refuted.stock)
    holds = verify(proof, refuted.stock.tickets, refuted.stock.unit, refuted.ops)
    return proof if holds else None


def _racing_pair(refuted: RefutedCount) -> tuple[Op, Op, int, tuple[Event, ...]] | None:
    """Find two sales, near in time, that read the same count before either wrote."""
    if not refuted.steps.by_process:
        return None
    sales = sorted((x for x in refuted.ops if x.what == "buy"), key=lambda x: x.returned)
    for at, first in enumerate(sales):
        for second in sales[at + 1 : at + 1 + NEIGHBOURS_MAX]:
            cause = racing_reads(first, second, refuted.steps)
            if cause is not None:
                return first, second, *cause
    return None


def _phantom_sold_out(refuted: RefutedCount, balanced: bool) -> Iterator[Named]:
    """Find a sold-out that cannot have been true.

    After an oversell only the weaker question makes sense: could the count have fallen so far by
    then, if each order that was under way took its ticket?
    """
    if not any(x.what == "sold-out" for x in refuted.ops):
        return
    if balanced:
        proof = refuted.refute(refuted.only("sold-out", "end"))
    else:
        falling = [x for x in refuted.only("sold-out") if not x.gives_back]
        proof = too_low(falling, refuted.stock)
    if proof is None:
        return
    members = (proof.after, proof.before, *proof.members)
    told = next((x for x in members if x is not None and x.what == "sold-out"), None)
    if told is None:
        return
    few = "" if told.high == 0 else f" for {tickets_((told.high or 0) + 1)}"
    undone = undone_by(proof, refuted.ops, refuted.stock.tickets)
    taken = tickets_(sum(x.quantity for x in proof.members))
    if proof.kind == "too high":
        who = listed(dict.fromkeys(buyer(x.process) for x in proof.members))
        why = f"{taken} went to {who} afterwards"
        if not proof.members:
            why = f"{proof.low} were left afterwards"
        if undone:
            why += f", and at most {sum(x.quantity for x in undone)} had come back"
    elif proof.kind == "too low":
        could = sum(x.quantity for x in undone)
        why = f"at most {could} of {tickets_(refuted.stock.tickets)} can have been sold by then"
        if proof.members:
            why += f" while {taken} came back"
    else:
        why = explanation(proof, refuted.stock.tickets)
    message = f"{buyer(told.process)} was told that it is sold out{few} although {why}"
    evidence = events_of([*proof.members, *undone, proof.before, proof.after])
    yield Anomaly(AnomalyName.PHANTOM_SOLD_OUT, message, evidence), proof


def _out_of_order(refuted: RefutedCount, found: Sequence[Named]) -> Iterator[Named]:
    """Sales and end agree; so the numbers that buyers were told are wrong, or the searches."""
    proof = refuted.refute(refuted.only("end", numbers=True))
    if proof is not None:
        lost = proof.kind == "too low" and not refuted.is_end_read
        name = AnomalyName.LOST_TICKET if lost else AnomalyName.NOT_LINEARIZABLE
        yield _anomaly(name, proof, refuted)
        return
    proof = refuted.refute(refuted.only("end", "search", numbers=True))
    if proof is None:
        if not found:
            yield _anomaly(AnomalyName.NOT_LINEARIZABLE, refuted.proof, refuted)
        return
    search, proof = _wrong_search(proof, refuted)
    name = AnomalyName.NOT_LINEARIZABLE
    too_high = proof.kind == "too high" and search is proof.after
    if search is not None and (too_high or _is_older(search, refuted)):
        name = AnomalyName.STALE_READ
    elif proof.kind == "too low" and not refuted.is_end_read:
        name = AnomalyName.LOST_TICKET
    yield _anomaly(name, proof, refuted)


def _wrong_search(proof: Certificate, refuted: RefutedCount) -> tuple[Op | None, Certificate]:
    """Return the search that is wrong by itself, if one is, else the later one; and the proof."""
    seen = (proof.after, proof.before, *reversed(proof.members))
    searches = [x for x in seen if x is not None and x.what == "search"]
    orders = refuted.only(numbers=True)
    for others in (orders, refuted.only("end", numbers=True)):
        for x in searches[:SEARCHES_MAX]:
            alone = refuted.refute([*others, x])
            if alone is not None:
                return x, alone
    return next(iter(searches), None), proof


def _is_older(search: Op, refuted: RefutedCount) -> bool:
    """Return whether a search would be right, had it begun before everything else."""
    others = refuted.only("end", numbers=True)
    if refuted.refute([*others, search]) is None:
        return False  # it is not this search alone that is wrong
    return refuted.refute([*others, msgspec.structs.replace(search, invoked=-inf)]) is None


def _anomaly(name: AnomalyName, proof: Certificate, refuted: RefutedCount) -> Named:
    undone = undone_by(proof, refuted.ops, refuted.stock.tickets)
    evidence = events_of([proof.before, *proof.members, *undone, proof.after])
    return Anomaly(name, explanation(proof, refuted.stock.tickets), evidence), proof
