"""Large sales that are right, of several kinds, and faults of which each makes one of them wrong.

A buyer does one thing at a time; each operation takes effect at one moment of it. The rows are
those of `borderline`, so what is written and how is the same for small and for large ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from heapq import heapify, heapreplace
from random import Random
from typing import Any

from tests.support.borderline import BoxOffice, Profile, Row, recorded
from tests.support.definition import Op, Recording, end_count, operations

LATER = 10**12  # after everything


def kind(**differences: Any) -> Profile:
    plain = Profile(
        tickets=0, quantities=(1,), numbers="before", text_seats=False, counting="down",
        refunds=0.0, intents=0.0, unknown=0.0, span=0, offset=0, buyers=10, delta=False,
    )  # fmt: skip
    return replace(plain, **differences)


KINDS = {
    "numbered": kind(),
    "bare": kind(numbers="none"),
    "many at once": kind(buyers=100),
    "the count after": kind(numbers="after", quantities=(2,)),
    "counting up": kind(counting="up"),
    "some lost": kind(unknown=0.05),
    "intents": kind(intents=0.3),
    "several quantities": kind(quantities=(1, 2, 3), buyers=3),
    "one buyer": kind(quantities=(1, 2, 3), buyers=1),
    "refunds": kind(refunds=0.2, numbers="none"),
    "seats": kind(numbers="seat", text_seats=True),
    "seats come back": kind(numbers="seat", refunds=0.2),
}


@dataclass
class Sale:
    """One inventory's operations, and the count that was left."""

    profile: Profile
    rows: list[Row]
    left: int | None

    @property
    def margin(self) -> int:
        """More tickets than those who were at it at once can have moved."""
        return 2 * (self.profile.buyers + 1) * max(self.profile.quantities)

    def recording(self, rng: Random) -> Recording:
        sale = recorded(rng, self.profile, self.rows, {None: self.left})
        sale.unlogged = False
        return sale


def right_sale(rng: Random, profile: Profile, size: int, share: float = 0.6) -> Sale:
    """Sell until `size` operations are done; tickets are a share of what would be sold."""
    mean = sum(profile.quantities) / len(profile.quantities)
    profile = replace(profile, tickets=int(size * share * mean))
    office = BoxOffice(profile)
    office.free.reverse()  # the last is the first to go: quick to take
    rows: list[Row] = []
    waiting = [(rng.randrange(20), buyer, 0) for buyer in range(profile.buyers)]
    heapify(waiting)
    while len(rows) < size:
        moment, buyer, since = waiting[0]
        row = Row(buyer, "search", rng.randint(since, moment), moment + rng.choice([0, 1, 9]), "ok")
        serve(rng, office, row, f"i{len(rows)}")
        rows.append(row)
        free = moment + 10 if row.done is None else row.done
        heapreplace(waiting, (free + rng.choice([0, 1, 20]), buyer, free))
    return Sale(profile, rows, office.count)


def serve(rng: Random, office: BoxOffice, row: Row, intent: str) -> None:
    profile, draw = office.profile, rng.random()
    row.quantity = rng.choice(profile.quantities)
    if draw < profile.refunds and office.orders:
        row.f = "refund"
        row.quantity, row.seat = office.give_back(rng)
    elif draw < 0.3:
        row.value, row.quantity = office.count, 1
    elif office.count < row.quantity:
        row.f, row.outcome, row.error = "buy", "fail", "sold-out"
    else:
        row.f, row.value = "buy", office.buy(row.quantity)
        row.intent = intent if rng.random() < profile.intents else None
        if rng.random() < profile.unknown:
            row.outcome, row.value = "info", None


class Counter:
    """A right counter that serves one operation after another, and notices a wrong answer."""

    def __init__(self, tickets: int, meaning: str) -> None:
        self.tickets = self.count = tickets
        self.meaning = meaning
        self.held: set[Any] = set()
        self.told: dict[Any, Any] = {}

    def answers(self, op: Op) -> bool:
        """Serve an operation; return whether its answer is right."""
        if op.kind == "search":
            return bool(op.value == self.count)
        if op.kind == "sold-out":
            return self.count < op.quantity
        if op.kind == "refund":
            self.held.discard(op.value)
            self.count += op.quantity
            return self.count <= self.tickets
        if op.intent is not None and op.intent in self.told:
            return bool(self.told[op.intent] == op.value)
        self.told[op.intent] = op.value
        return self._sells(op)

    def _sells(self, op: Op) -> bool:
        before = self.count
        self.count -= op.quantity
        if op.value is not None and self.meaning == "seat":
            fits = op.value not in self.held
            self.held.add(op.value)
        else:
            ticket = self.count if self.meaning == "after" else before
            fits = op.value in {None, ticket}
        return fits and self.count >= 0


def replay(recording: Recording, order: list[int]) -> str | None:
    """Serve a large sale's operations in a given order; return what goes wrong, None if nothing."""
    (tickets,) = recording.tickets.values()
    ops = {op.index: op for op in operations(recording, None)}
    counter, now = Counter(tickets, recording.meaning), float("-inf")
    latest: dict[Any, int] = {}
    for index in order:
        op = ops.pop(index)  # a second time is a KeyError
        now = max(now, op.begin)
        if op.end < now or (op.certain and latest.get(op.process, 0) > index):
            return f"{op} comes too late"
        latest[op.process] = max(index, latest.get(op.process, 0))
        if not counter.answers(op):
            return f"{op} is answered otherwise: {counter.count} are left"
    missing = [op for op in ops.values() if op.certain]
    left = end_count(recording, None)
    wrong = missing or left not in {None, counter.count}
    return f"{missing or counter.count} at the end" if wrong else None


def _buys(sale: Sale) -> list[Row]:
    return [row for row in sale.rows if row.f == "buy" and row.outcome == "ok"]


def _add(sale: Sale, row: Row) -> Row:
    """Add an operation of a buyer of its own."""
    row.process = 10**6 + len(sale.rows)
    sale.rows.append(row)
    return row


def _at_some_time(rng: Random, sale: Sale, low: int) -> Row:
    """Return a search in whose surroundings at least `low` tickets were left."""
    return rng.choice([x for x in sale.rows if x.f == "search" and x.value >= low])


def old_search(rng: Random, sale: Sale) -> list[Row]:
    """A search answers a count that is long past."""
    low, high = 0, sale.profile.tickets - sale.margin
    row = rng.choice([x for x in sale.rows if x.f == "search" and low <= x.value < high])
    row.value += sale.margin
    return [row]


def phantom(rng: Random, sale: Sale) -> list[Row]:
    """An order is told that it is sold out while there are plenty."""
    near = _at_some_time(rng, sale, sale.margin)
    done = near.begin if near.done is None else near.done
    return [_add(sale, Row(0, "buy", near.begin, done, "fail", error="sold-out"))]


def too_many_left(rng: Random, sale: Sale) -> list[Row]:
    """The count at the end is higher than what was sold leaves."""
    assert sale.left is not None
    sale.left += max(sale.profile.quantities)
    return []


def too_few_left(rng: Random, sale: Sale) -> list[Row]:
    """One order's tickets are gone, and that order is not to be found: its count stays."""
    row = rng.choice(_buys(sale))
    row.outcome, row.value, row.error = "fail", None, "odd"
    return []


def negative_end(rng: Random, sale: Sale) -> list[Row]:
    """The count at the end is below 0."""
    sale.left = -1
    return []


def one_too_many(rng: Random, sale: Sale) -> list[Row]:
    """After the end all that was left is sold, and one more. All orders are as guilty."""
    assert sale.left is not None
    quantities = [sale.left, 1] if sale.left else [1]
    sale.left = None
    for quantity in quantities:
        _add(sale, Row(0, "buy", LATER, LATER + 1, "ok", quantity=quantity))
    return []


def same_ticket(rng: Random, sale: Sale) -> list[Row]:
    """Two orders are told one ticket, and only the first of them took it."""
    row = rng.choice([x for x in _buys(sale) if x.value is not None])
    at = row.done or 0
    twin = replace(row, begin=at, done=at + 1, intent=None)
    return [row, _add(sale, twin)]


def same_intent(rng: Random, sale: Sale) -> list[Row]:
    """One intent is answered twice, with different tickets."""
    rows = [x for x in _buys(sale) if x.value is not None]
    first, second = rng.sample([x for x in rows if x.quantity == rows[0].quantity], 2)
    first.intent = second.intent = "twice"
    return [first, second]


def seat_never_sold(rng: Random, sale: Sale) -> list[Row]:
    """A seat comes back that no buyer had."""
    row = Row(0, "refund", LATER, LATER + 1, "ok", seat="never sold")
    if sale.left is not None:
        sale.left += 1
    return [_add(sale, row)]


def more_back_than_sold(rng: Random, sale: Sale) -> list[Row]:
    """All that was sold comes back, and one more."""
    assert sale.left is not None
    out = sale.profile.tickets - sale.left + 1
    sale.left = None
    return [_add(sale, Row(0, "refund", LATER, LATER + 1, "ok", quantity=out))]


Fault = Callable[[Random, Sale], list[Row]]

# The fault, the name that it must be given, and the kinds of sales in which it proves something.
FAULTS: dict[str, tuple[Fault, str, set[str]]] = {
    "old search": (old_search, "stale-read", set(KINDS) - {"seats come back", "refunds"}),
    "old search among refunds": (old_search, "stale-read", {"seats come back", "refunds"}),
    "phantom": (phantom, "phantom-sold-out", set(KINDS)),
    "too many left": (too_many_left, "lost-update", set(KINDS) - {"some lost"}),
    "too few left": (too_few_left, "lost-ticket", set(KINDS) - {"some lost"}),
    "negative end": (negative_end, "negative-stock", set(KINDS)),
    "one too many": (one_too_many, "oversell", set(KINDS) - {"some lost"}),
    "same ticket": (
        same_ticket, "double-sold",
        {"numbered", "many at once", "the count after", "counting up", "some lost", "intents",
         "several quantities", "one buyer", "seats", "seats come back"},
    ),
    "same intent": (
        same_intent, "duplicate-purchase",
        {"numbered", "many at once", "the count after", "counting up", "intents", "seats",
         "several quantities", "one buyer"},
    ),
    "seat never sold": (seat_never_sold, "not-linearizable", {"seats", "seats come back"}),
    "more back than sold": (more_back_than_sold, "not-linearizable", {"refunds", "bare"}),
}  # fmt: skip
