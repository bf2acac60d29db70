"""Find the observation that is at fault: a sold-out that was not true, a search that saw no count.

Each is asked whether it is wrong by itself, with the sales alone. Only what no such question
settles is told as a disagreement of two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from booking.checker.certificate import Certificate
from booking.checker.counter.reduction import Constraints
from booking.checker.diagnosis.messages import (
    buyer,
    buyers_of,
    events_of,
    explanation,
    proof_events,
    tickets_,
)
from booking.checker.diagnosis.refuted import RefutedInventory, only
from booking.checker.operations import Op
from booking.checker.reading.inventory import Inventory
from booking.core.verdict import Anomaly, AnomalyName

ALONE_MAX = 32  # observations that are tried one by one


def phantom_sold_out(refuted: RefutedInventory, balanced: bool) -> Iterator[Anomaly]:
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
    wanted = f" came for {tickets_((sold_out.high or 0) + 1)} and" if sold_out.high else ""
    if proof.kind == "starved":
        could = sum(x.quantity for x in proof.members)
        sold = f"at most {could}" if could else "none"
        why = f"{sold} of {tickets_(refuted.tickets)} can have been sold by then"
        evidence = events_of([*proof.members, *proof.elsewhere, sold_out])
    else:
        went = tickets_(sum(x.quantity for x in proof.members))
        why = f"{went} went to {buyers_of(proof.members)} afterwards"
        if not proof.members:
            why = f"the sale ended with {tickets_(refuted.inventory.remaining or 0)} left"
        end = proof.after if proof.after is not sold_out else None
        evidence = events_of([sold_out, *proof.members, end])
    yield Anomaly(
        AnomalyName.PHANTOM_SOLD_OUT,
        f"{buyer(sold_out.process)}{wanted} was told that it is sold out although {why}",
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
        alone = replace(refuted.inventory, sold_outs=only(rows, row))
        proof = refuted.refute(constraints, alone)
        if proof is not None:
            return proof
    return None


def out_of_order(refuted: RefutedInventory, *, phantom: bool) -> Iterator[Anomaly]:
    """Sales and end agree; so the numbers that buyers were told are wrong, or the searches.

    `phantom`: a sold-out is at fault, and named already.
    """
    numbered = any(number is not None for number in refuted.inventory.sold.number)
    end_unread = refuted.inventory.remaining is None
    numbers = Constraints(searches=False, sold_outs=False)
    proof = refuted.refute(numbers) if numbered else None
    if proof is not None:
        lost = proof.kind == "starved" and end_unread
        name = AnomalyName.LOST_TICKET if lost else AnomalyName.NOT_LINEARIZABLE
        yield anomaly_of(name, refuted, proof)
        return
    proof = refuted.proof
    if any(x is not None and x.what == "sold-out" for x in (proof.before, proof.after)):
        other = refuted.refute(Constraints(sold_outs=False))
        if other is None and phantom:
            return
        proof = other or proof
    proof = _of_one_search(refuted, proof) or proof
    yield anomaly_of(_name_of(refuted, proof), refuted, proof)


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
            alone = replace(refuted.inventory, searches=only(searches, row))
            single = refuted.refute(Constraints(sold_outs=False), alone)
            if single is not None:
                return single
    return None


def anomaly_of(name: AnomalyName, refuted: RefutedInventory, proof: Certificate) -> Anomaly:
    """Return an anomaly that is told as its certificate explains it."""
    return Anomaly(name, explanation(proof, refuted.tickets), proof_events(proof))
