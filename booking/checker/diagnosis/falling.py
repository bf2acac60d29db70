"""Name what is wrong with a history that has been proved impossible.

Constraints are dropped, or sales made optional, until the proof is gone: what made the difference
is what is wrong. A lost update makes counts rise, so what follows from it (searches that see the
rise) is not named again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise

from booking.checker.diagnosis.messages import (
    buyer,
    buyers_of,
    events_of,
    in_time_order,
    proof_events,
    ticket_of,
    tickets_,
    was,
)
from booking.checker.diagnosis.refuted import (
    NUMBERED_SALES,
    SALES_ALONE,
    SALES_AND_END,
    RefutedInventory,
)
from booking.checker.diagnosis.wrong_observations import anomaly_of, out_of_order, phantom_sold_out
from booking.checker.operations import Op, sale_op
from booking.checker.rules.causes import StepsByProcess, racing_reads
from booking.core.verdict import Anomaly, AnomalyName
from booking.history.model import Event

NEIGHBOURS_MAX = 64  # later sales that each sale is compared with, to find a pair that raced


def diagnose(refuted: RefutedInventory) -> list[Anomaly]:
    """Return the anomalies, the most telling first; at least one."""
    anomalies = [
        *_negative_stock(refuted),
        *_oversell(refuted),
        *_double_sold(refuted),
        *_imbalance(refuted),
    ]
    balanced = not anomalies
    anomalies += phantom_sold_out(refuted, balanced)
    if balanced:
        anomalies += out_of_order(refuted, phantom=bool(anomalies))
    if not anomalies:
        anomalies = [anomaly_of(AnomalyName.NOT_LINEARIZABLE, refuted, refuted.proof)]
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
        yield Anomaly(
            AnomalyName.OVERSELL,
            f"{tickets_(refuted.sold)} sold, {refuted.tickets} {was(refuted.tickets)} there: "
            f"{tickets_(sum(x.quantity for x in members))} to {buyers_of(members)} "
            "are too many already",
            events_of(members),
        )
        return
    beyond = _sold_beyond_the_last(refuted)
    if beyond is not None:
        yield Anomaly(
            AnomalyName.OVERSELL,
            f"{buyer(beyond.process)} was sold {tickets_(beyond.quantity)} "
            f"when {beyond.low} {was(beyond.low or 0)} left",
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
    yield double_sold(first, second, ticket, refuted.steps)


def double_sold(first: Op, second: Op, ticket: int, by_process: StepsByProcess) -> Anomaly:
    """Return the anomaly of two buyers that hold a ticket, with the reads that raced, if any."""
    message = f"ticket {ticket} was sold to {buyer(first.process)} and {buyer(second.process)}"
    evidence = events_of((first, second))
    cause = racing_reads(first, second, by_process)
    if cause is not None:
        count, steps = cause
        message += f": both read {count} before either wrote"
        evidence = in_time_order((*evidence, *steps))
    return Anomaly(AnomalyName.DOUBLE_SOLD, message, evidence)


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
            pair = (x, y, ticket_of(y) or 0)
            first_pair = first_pair or pair
            if racing_reads(x, y, refuted.steps) is not None:
                return pair
    return first_pair


def _imbalance(refuted: RefutedInventory) -> Iterator[Anomaly]:
    """What is left and what was sold must make up what there was."""
    if refuted.remaining is None or refuted.remaining > refuted.tickets:
        return
    fell = refuted.tickets - refuted.remaining
    counts = _moved(refuted, refuted.remaining)
    if fell < refuted.sold:
        anomaly = _lost_update(refuted, f"{tickets_(refuted.sold)} sold, yet {counts}")
        if anomaly is not None:
            yield anomaly
    elif fell > refuted.sold + refuted.maybe and not refuted.inventory.unlogged:
        yield _lost_ticket(refuted, fell - refuted.sold - refuted.maybe, counts)


def _moved(refuted: RefutedInventory, remaining: int) -> str:
    """Return how the count moved, in numbers as the history has them."""
    shown = refuted.inventory.shown
    first, last = shown(refuted.tickets), shown(remaining)
    if first == last:
        return f"the count is {first} as at the start"
    moved = "rose" if last > first else "fell"
    return f"the count {moved} by {abs(last - first)}, from {first} to {last}"


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
    fell = refuted.tickets - (refuted.remaining or 0)
    evidence = events_of([*refuted.sold_more_than(fell), refuted.last_count])
    return Anomaly(AnomalyName.LOST_UPDATE, message, evidence)


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
        f"{counts}, but {tickets_(sold)} {was(sold)} sold{unknown}: "
        f"{tickets_(gone)} {was(gone)} taken and sold to no buyer",
        proof_events(proof) if proof else (),
    )


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
