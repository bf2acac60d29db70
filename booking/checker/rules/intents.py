"""Check purchases that were attempted several times under one `intent`: each may happen once.

A buyer whose reply was lost asks again. A service that knows the intent answers the retry with the
ticket that it sold already: a replay, and right. So an intent counts as one purchase, from the
invocation of its earliest attempt to its first ok. A history that only some further purchase
explains shows a duplicate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from booking.checker.diagnosis.answers import with_answers
from booking.checker.diagnosis.messages import (
    buyer,
    explanation,
    in_time_order,
    listed,
    proof_events,
)
from booking.checker.reading.inventory import Attempt, Inventory, Orders, Program
from booking.core.verdict import Anomaly, AnomalyName, Outcome, Verdict
from booking.history.model import Event

if TYPE_CHECKING:
    from booking.checker.decision import Decision

Decide = Callable[[Inventory], "Decision"]

ALONE_MAX = 16  # intents that are tried one by one; each takes a check of the whole inventory
REPEATED_MAX = 10  # repeated purchases whose attempts are shown as evidence


@dataclass(slots=True)
class Purchase:
    """One order of one intent: its attempts, and the rows of its inventory that repeat it."""

    intent: str | int | None
    attempts: list[Attempt] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)  # rows of `sold`
    lost: list[int] = field(default_factory=list)  # rows of `maybe` that need not have happened
    numbers: list[int | str] = field(default_factory=list)  # the different tickets answered
    kept: list[int] = field(default_factory=list)  # rows of `sold` that count
    repeated: list[int] = field(default_factory=list)  # the other rows of `sold`
    unnumbered: list[int] = field(default_factory=list)  # those of them without a ticket

    def sort(self, sold: Orders) -> None:
        """Find which attempts count as the purchase, and which only repeat it.

        The first ok of each ticket counts. An ok without a ticket counts where none has one.
        """
        self.answered.sort(key=lambda row: (sold.returned[row], sold.invoked[row]))
        given = [number for row in self.answered if (number := sold.number[row]) is not None]
        self.numbers = list(dict.fromkeys(given))
        waiting: set[int | str | None] = {*given} or {None}
        for row in self.answered:
            number = sold.number[row]
            if number in waiting:
                waiting.remove(number)
                self.kept.append(row)
                continue
            self.repeated.append(row)
            if number is None:
                self.unnumbered.append(row)
        if not self.answered:
            self.lost = self.lost[1:]

    @property
    def began(self) -> tuple[int, int]:
        """Time and index of the earliest attempt."""
        first = self.attempts[0].invoke
        return first.time, first.index

    @property
    def may_repeat(self) -> bool:
        """Whether some attempt is left out where the purchase happens once."""
        return bool(self.repeated or self.lost)

    @property
    def called(self) -> str:
        """What the purchase is called in a sentence: its buyers and its intent."""
        return f"{self.buyers} ({self.intent})"

    @property
    def buyers(self) -> str:
        """The buyers that attempted it."""
        return listed(dict.fromkeys(buyer(x.invoke.process) for x in self.attempts))

    @property
    def events(self) -> list[Event]:
        """The events of all attempts."""
        pairs = ((x.invoke, x.complete) for x in self.attempts)
        return [event for pair in pairs for event in pair if event is not None]


@dataclass(frozen=True, slots=True)
class Changed:
    """One intent that was answered ok for orders of different quantities."""

    orders: list[Purchase]

    @property
    def has_different_tickets(self) -> bool:
        """Whether the answers show that each order was carried out."""
        numbers = [number for order in self.orders for number in order.numbers]
        unnumbered = any(not order.numbers for order in self.orders)
        return not unnumbered and len(set(numbers)) == len(numbers)


@dataclass(frozen=True, slots=True)
class Purchases:
    """An inventory in which each intent happened once, and what was left out for that."""

    source: Inventory
    once: Inventory  # of what `changed` holds, each order may have happened
    retried: tuple[Purchase, ...] = ()
    changed: tuple[Changed, ...] = ()

    @property
    def repeatable(self) -> list[Purchase]:
        """The purchases of which an attempt was left out."""
        return [purchase for purchase in self.retried if purchase.may_repeat]

    def repeating(self, purchases: Iterable[Purchase]) -> Inventory:
        """Return the inventory in which further attempts of these may have happened, too."""
        chosen = list(purchases)
        again = {row for purchase in chosen for row in purchase.repeated}
        lost = {row for purchase in chosen for row in purchase.lost}
        return _inventory(self.source, self.retried, again=again, lost=lost)

    def with_second(self, purchase: Purchase) -> Inventory:
        """Return the inventory in which `purchase` certainly happened a second time."""
        return _inventory(self.source, self.retried, twice=purchase)


def purchases_of(inventory: Inventory) -> Purchases:
    """Find the intents with several attempts, and count each as one purchase.

    A retry repeats its order. So attempts of different quantities are different purchases.
    """
    retried = [attempts for attempts in inventory.intents.values() if len(attempts) > 1]
    if not retried:
        return Purchases(inventory, inventory)
    wanted = {x.invoke.index for attempts in retried for x in attempts}
    sold = _rows_of(inventory.sold, wanted)
    maybe = _rows_of(inventory.maybe, wanted)
    purchases: list[Purchase] = []
    changed: list[Changed] = []
    for attempts in retried:
        orders: dict[int, Purchase] = {}
        for x in sorted(attempts, key=lambda x: (x.invoke.time, x.invoke.index)):
            at = x.invoke.index
            rows, row = (inventory.sold, sold[at]) if at in sold else (inventory.maybe, maybe[at])
            quantity = rows.quantity[row]
            order = orders.setdefault(quantity, Purchase(x.invoke.intent))
            order.attempts.append(x)
            if at in sold:
                order.answered.append(row)
            else:
                order.lost.append(row)
        purchases += orders.values()
        answered = [order for order in orders.values() if order.answered]
        if len(answered) > 1:
            changed.append(Changed(answered))
    for purchase in purchases:
        purchase.sort(inventory.sold)
    repeated = tuple(purchase for purchase in purchases if len(purchase.attempts) > 1)
    once = _inventory(inventory, repeated)
    doubtful = {
        index
        for intent in changed
        if not intent.has_different_tickets
        for order in intent.orders
        for index in (inventory.sold.index[row] for row in order.kept)
    }
    return Purchases(inventory, _with_doubtful(once, doubtful), repeated, tuple(changed))


def _rows_of(orders: Orders, wanted: set[int]) -> dict[int, int]:
    return {index: row for row, index in enumerate(orders.index) if index in wanted}


def _inventory(
    source: Inventory,
    retried: Iterable[Purchase],
    *,
    again: Iterable[int] = (),
    lost: Iterable[int] = (),
    twice: Purchase | None = None,
) -> Inventory:
    """Return `source` with one purchase for each intent.

    The rows `again` of `sold`, and the rows `lost` of `maybe`, may have happened besides. The
    purchase `twice` happened twice for certain.
    """
    retried, again = list(retried), list(again)
    apart = {source.sold.index[row] for row in again}  # operations of their own
    repeated = {row for purchase in retried for row in purchase.repeated}
    if twice is not None:
        repeated.remove(twice.unnumbered[0])
    dropped = {row for purchase in retried for row in purchase.lost} - {*lost}
    sold = _without(source.sold, repeated)
    place = {row: at for at, row in enumerate(_left(source.sold, repeated))}
    for purchase in retried:
        if purchase is twice:
            continue  # each answer has a purchase of its own
        own = apart | {source.sold.index[row] for row in purchase.kept[1:]}
        for row in purchase.kept:
            at = place[row]
            sold.invoked[at] = purchase.began[0]
            if not lost and row == purchase.kept[0] and purchase.began[1] not in own:
                sold.index[at] = purchase.began[1]  # else it is an operation of its own
            if len(purchase.kept) == 1:
                first = purchase.answered[0]
                sold.returned[at] = source.sold.returned[first]
                sold.done[at] = source.sold.done[first]
    if twice is not None and twice.lost:
        for row in (*twice.kept, twice.unnumbered[0]):
            sold.invoked[place[row]] = twice.began[0]
    programs = _programs(source, sold, place, retried) if source.touches else {}
    maybe = _without(source.maybe, dropped)
    for row in sorted(again):
        _append_unknown(maybe, source.sold, row)
    return replace(source, sold=sold, maybe=maybe, programs=programs)


def _programs(
    source: Inventory, sold: Orders, place: dict[int, int], retried: Iterable[Purchase]
) -> dict[int, Program]:
    """Find the programs in which each purchase begins and is over, by its index."""
    programs: dict[int, Program] = {}
    for purchase in retried:
        first = purchase.attempts[0].invoke
        together = any(x.invoke.time == first.time for x in purchase.attempts[1:])
        begin = None if together else (first.process, first.index)
        for row in purchase.kept:
            answered = purchase.answered[0] if len(purchase.kept) == 1 else row
            end = source.sold.process[answered], source.sold.index[answered]
            programs[sold.index[place[row]]] = Program(begin, end)
    return programs


def _with_doubtful(inventory: Inventory, indexes: set[int]) -> Inventory:
    """Return the inventory in which the sales of these indexes may have happened, or not."""
    if not indexes:
        return inventory
    rows = {row for row, index in enumerate(inventory.sold.index) if index in indexes}
    maybe = _without(inventory.maybe, set())
    for row in sorted(rows):
        _append_unknown(maybe, inventory.sold, row)
    return replace(inventory, sold=_without(inventory.sold, rows), maybe=maybe)


def _left(orders: Orders, rows: set[int]) -> Iterator[int]:
    return (row for row in range(len(orders.invoked)) if row not in rows)


def _without(orders: Orders, rows: set[int]) -> Orders:
    """Return a copy of the orders without some rows; a column that is not kept stays empty."""
    kept = list(_left(orders, rows))
    columns = {column.name: getattr(orders, column.name) for column in fields(orders)}
    return Orders(
        **{
            name: [column[row] for row in kept] if column else []
            for name, column in columns.items()
        }
    )


def _append_unknown(maybe: Orders, sold: Orders, row: int) -> None:
    """Add a sale that was answered as one that may have happened."""
    maybe.invoked.append(sold.invoked[row])
    maybe.quantity.append(sold.quantity[row])
    maybe.number.append(None)
    maybe.process.append(sold.process[row])
    maybe.index.append(sold.index[row])
    maybe.done.append(sold.done[row])


def decide_purchases(purchases: Purchases, decide: Decide) -> Decision:
    """Decide whether the history can be explained with each intent carried out once.

    Where it cannot, and can with a purchase carried out twice, that is the anomaly.
    """
    once = with_answers(decide(purchases.once), purchases)
    repeatable = purchases.repeatable
    if not repeatable and not purchases.changed:
        return once
    if once.verdict.outcome is Outcome.VALID:
        doubt = _doubt(purchases, decide)
        return once if doubt is None else replace(once, verdict=doubt, order=None)
    often = with_answers(decide(purchases.repeating(repeatable)), purchases)
    if often.verdict.outcome is Outcome.INVALID:
        return often
    if once.verdict.outcome is Outcome.INVALID and often.verdict.outcome is Outcome.VALID:
        return _duplicate(purchases, once, decide)
    return once


def _duplicate(purchases: Purchases, once: Decision, decide: Decide) -> Decision:
    """Name the purchases that were carried out twice; each one that explains it alone is named."""
    suspects = purchases.repeatable
    if 1 < len(suspects) <= ALONE_MAX:
        alone = [
            purchase
            for purchase in suspects
            if decide(purchases.repeating([purchase])).verdict.outcome is Outcome.VALID
        ]
        suspects = alone or suspects
    if len(suspects) == 1:
        message = f"{suspects[0].buyers} meant one purchase ({suspects[0].intent}), and it"
    else:
        message = f"at least one of the purchases of {listed(x.called for x in suspects)}"
    proof = next(iter(once.certificates), None)
    why = explanation(proof, purchases.once.tickets or 0) if proof else once.verdict.reason
    attempts = [event for purchase in suspects[:REPEATED_MAX] for event in purchase.events]
    shown = [event for anomaly in once.verdict.anomalies[:1] for event in anomaly.evidence]
    anomaly = Anomaly(
        AnomalyName.DUPLICATE_PURCHASE,
        f"{message} took effect more than once: {why}",
        (*attempts, *(proof_events(proof) if proof else shown)),
    )
    verdict = Verdict(Outcome.INVALID, anomaly.message, (anomaly,))
    return replace(once, verdict=verdict)


def _doubt(purchases: Purchases, decide: Decide) -> Verdict | None:
    """Return `unknown` where two oks may be one purchase, or two."""
    for changed in purchases.changed:
        if not changed.has_different_tickets:
            return _untold_order(changed)
    untold = [purchase for purchase in purchases.repeatable if purchase.unnumbered]
    if not untold or _all_is_counted(purchases.once):
        return None
    for purchase in untold[:ALONE_MAX]:
        if decide(purchases.with_second(purchase)).verdict.outcome is not Outcome.INVALID:
            return _untold(purchase)
    return None if len(untold) <= ALONE_MAX else _untold(untold[ALONE_MAX])


def _untold(purchase: Purchase) -> Verdict:
    """Return the verdict on a purchase of which no count tells how often it happened."""
    return Verdict(
        Outcome.UNKNOWN,
        f"{purchase.called} was answered ok {len(purchase.answered)} times without a ticket's "
        "number, and no count tells whether that was one purchase; record the count at the end, "
        "or the numbers",
    )


def _untold_order(changed: Changed) -> Verdict:
    """Return the verdict on an intent whose retry ordered another quantity."""
    return Verdict(
        Outcome.UNKNOWN,
        f"{changed.orders[0].called} was answered ok for orders of different quantities, "
        "and the answers do not tell whether that was one purchase; give each order its own intent",
    )


def _all_is_counted(once: Inventory) -> bool:
    """Return whether the end leaves no ticket for a second purchase, the order being valid."""
    return once.remaining is not None and not once.maybe.invoked and not once.has_refunds


def answered_twice(purchases: Purchases) -> Iterator[Anomaly]:
    """Find an intent that was answered with two different tickets."""
    orders = [[purchase] for purchase in purchases.retried if len(purchase.numbers) > 1]
    orders += [changed.orders for changed in purchases.changed if changed.has_different_tickets]
    if not orders:
        return
    first = orders[0][0]
    kept = [row for order in orders[0] for row in order.kept]
    tickets = [number for order in orders[0] for number in order.numbers]
    wanted = {purchases.source.sold.done[row] for row in kept[:2]}
    yield Anomaly(
        AnomalyName.DUPLICATE_PURCHASE,
        f"{listed(dict.fromkeys(x.buyers for x in orders[0]))} meant one purchase "
        f"({first.intent}) and was sold {len(tickets)} (tickets {listed(map(str, tickets))})",
        in_time_order(
            event
            for order in orders[0]
            for x in order.attempts
            if x.complete is not None and x.complete.index in wanted
            for event in (x.invoke, x.complete)
        ),
    )
