"""Small recordings near the border between right and wrong, of every class that `check` checks.

Each is a right sale, served by a counter at one moment of every operation. Then most are damaged
in one place or two. Nothing is known of the result: `definition` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.support.definition import Recording

OPERATIONS_MAX = 8


@dataclass
class Profile:
    """What occurs in one recording."""

    tickets: int
    quantities: tuple[int, ...]
    numbers: str | None
    text_seats: bool
    counting: str
    refunds: float
    intents: float
    unknown: float
    span: int
    offset: int
    buyers: int
    delta: bool  # an order carries its quantity as its value, and repeats it


@dataclass
class Row:
    """One operation as it will be written; `done` None: it never completed."""

    process: Any
    f: str
    begin: int
    done: int | None
    outcome: str
    value: Any = None
    quantity: int = 1
    error: str | None = None
    intent: Any = None
    key: Any = None
    seat: Any = None  # that a refund names


class BoxOffice:
    """A right counter that hands out numbers or seats."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.count = profile.tickets
        self.free: list[Any] = [
            f"A{n}" if profile.text_seats else n for n in range(1, profile.tickets + 1)
        ]
        self.orders: list[tuple[int, Any]] = []  # that were served and not given back
        self.answers: dict[Any, Any] = {}
        self.meant: dict[Any, int] = {}  # how many tickets each intent is about

    def buy(self, quantity: int) -> Any:
        """Take tickets; return what the buyer is told."""
        before = self.count
        self.count -= quantity
        seat = None
        if self.profile.numbers == "seat":
            seat = self.free.pop(0)
            del self.free[: quantity - 1]
        self.orders.append((quantity, seat))
        if self.profile.numbers == "seat":
            return seat
        return self.count if self.profile.numbers == "after" else before

    def give_back(self, rng: Random) -> tuple[int, Any]:
        """Take an order back; its seats are sold anew."""
        quantity, seat = self.orders.pop(rng.randrange(len(self.orders)))
        self.count += quantity
        if seat is not None:
            self.free.insert(0, seat)
            self.free += [f"more {self.count} {n}" for n in range(quantity - 1)]
        return quantity, seat


def draw_profile(rng: Random) -> Profile:
    """Draw what a recording has; simple ones are the most frequent."""
    numbers = rng.choice(["before", None, None, "after", "seat", "seat", "none"])
    quantities = rng.choice([(1,), (1,), (1,), (2,), (1, 2), (1, 2, 3), (2, 3)])
    if numbers == "seat" and rng.random() < 0.8:
        quantities = (1,)
    return Profile(
        tickets=rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 6]),
        quantities=quantities,
        numbers=numbers,
        text_seats=rng.random() < 0.5,
        counting="up" if rng.random() < 0.15 else "down",
        refunds=rng.choice([0, 0, 0.15, 0.35]),
        intents=rng.choice([0, 0, 0, 0.5]),
        unknown=rng.choice([0, 0.1, 0.3]),
        span=rng.choice([2, 3, 5, 8, 16]),
        offset=rng.choice([0, 0, 1, -3, -(2**62), 2**62]),
        buyers=rng.choice([1, 2, 3, 5]),
        delta=numbers == "none" and rng.random() < 0.3,
    )


def sell(rng: Random, profile: Profile, size: int) -> tuple[list[Row], int]:
    """Serve a sale of `size` operations; return what buyers saw of it, and the count left."""
    office = BoxOffice(profile)
    free_from: dict[Any, int] = dict.fromkeys(range(profile.buyers), 0)
    rows: list[Row] = []
    for moment in sorted(rng.randint(0, profile.span) for _ in range(size)):
        ready = [process for process, since in free_from.items() if since <= moment]
        process = rng.choice(ready) if ready else len(free_from)
        begin = rng.randint(free_from.get(process, 0), moment)
        done = moment + rng.choice([0, 0, 1, rng.randint(0, profile.span)])
        row = Row(process, "search", begin, done, "ok")
        _serve(rng, profile, office, row)
        if row.outcome == "info" and rng.random() < 0.5:
            row.done = None
        free_from[process] = done if row.done is not None else 10**9
        rows.append(row)
    return rows, office.count


def _serve(rng: Random, profile: Profile, office: BoxOffice, row: Row) -> None:
    """Let the office serve one operation, and write down what its buyer sees."""
    draw = rng.random()
    if office.orders and draw < profile.refunds:
        row.f = "refund"
        lost = rng.random() < profile.unknown
        if lost and rng.random() < 0.5:
            row.quantity, row.seat = office.orders[0]
        else:
            row.quantity, row.seat = office.give_back(rng)
        named = rng.random() < 0.7 and (row.quantity == 1 or profile.text_seats)
        row.seat = row.seat if named else None  # a number with a quantity says two quantities
        row.outcome = "info" if lost else "ok"
    elif draw < 0.75:
        _order(rng, profile, office, row)
    else:
        row.value = office.count


def _order(rng: Random, profile: Profile, office: BoxOffice, row: Row) -> None:
    row.f, row.quantity = "buy", rng.choice(profile.quantities)
    if rng.random() < profile.intents:
        known = list(office.meant)
        row.intent = rng.choice(known) if known and rng.random() < 0.5 else f"i{len(known)}"
        row.quantity = office.meant.setdefault(row.intent, row.quantity)
    lost = rng.random() < profile.unknown
    if row.intent in office.answers:
        row.value = office.answers[row.intent]
    elif rng.random() < 0.08:
        row.outcome, row.error = ("info", None) if lost else ("fail", "odd")
        return
    elif office.count < row.quantity:
        row.outcome, row.error = ("info", None) if lost else ("fail", "sold-out")
        return
    else:
        row.value = office.buy(row.quantity)
        if row.intent is not None:
            office.answers[row.intent] = row.value
    if lost:
        row.outcome, row.value = "info", None
    elif rng.random() < 0.2:
        row.value = None


def damage(rng: Random, rows: list[Row], left: int | None) -> int | None:
    """Do one thing wrong; return the count at the end."""
    row = rng.choice(rows)
    choice = rng.randrange(9)
    if choice == 0:
        return None if left is None else left + rng.choice([-1, 1, -row.quantity, row.quantity])
    if choice <= 2:
        _tell_wrongly(rng, rows)
    elif choice == 3:
        row.begin = row.done if row.done is not None else row.begin
    elif choice == 4:
        row.done = row.begin if row.done is not None else None
    elif choice == 5:
        rows.remove(row)
    elif row.f == "buy":
        _order_wrongly(rng, rows, row, choice)
    return left


def _tell_wrongly(rng: Random, rows: list[Row]) -> None:
    told = [x for x in rows if x.value is not None and x.outcome == "ok"]
    if not told:
        return
    wrong, other = rng.choice(told), rng.choice(told)
    if isinstance(wrong.value, str) or rng.random() < 0.3:
        wrong.value = other.value if wrong.f == other.f else wrong.value
    else:
        wrong.value += rng.choice([-1, 1, -2, 2])


def _order_wrongly(rng: Random, rows: list[Row], row: Row, choice: int) -> None:
    if choice == 6:
        row.outcome, row.error = rng.choice([("ok", None), ("fail", "sold-out"), ("info", None)])
        row.done = row.begin if row.done is None else row.done
        row.value = row.value if row.outcome == "ok" else None
    elif choice == 7:
        same = [x for x in rows if x.intent is not None and x.intent == row.intent]
        for attempt in same or [row]:
            attempt.quantity += 1
    else:
        alike = [x for x in rows if x.f == "buy" and x.quantity == row.quantity]
        rng.choice(alike).intent = row.intent = row.intent or "again"


def borderline(rng: Random) -> Recording:
    """Make one recording of at most eight operations, of one inventory or of two."""
    profile = draw_profile(rng)
    keys = [None] if rng.random() < 0.9 else rng.choice([["a", "b"], [1, 2]])
    sizes = [rng.randint(1, OPERATIONS_MAX)]
    if len(keys) > 1:
        sizes = [rng.randint(1, OPERATIONS_MAX // 2) for _ in keys]
    rows: list[Row] = []
    remaining: dict[Any, int | None] = {}
    for at, (key, size) in enumerate(zip(keys, sizes, strict=True)):
        part, count = sell(rng, profile, size)
        left = count if rng.random() < 0.65 else None
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            if part:
                left = damage(rng, part, left)
        for row in part:
            row.key, row.process = key, row.process + 100 * at
            row.intent = row.intent and f"{row.intent}{key or ''}"
        rows += part
        remaining[key] = left
    return recorded(rng, profile, rows, remaining)


def recorded(
    rng: Random, profile: Profile, rows: list[Row], remaining: dict[Any, int | None]
) -> Recording:
    """Write operations down as events, in the order of time; ties fall as they may."""
    queues: dict[Any, list[dict[str, Any]]] = {}
    tickets = dict.fromkeys(remaining, profile.tickets)
    up = profile.counting == "up"
    for row in rows:
        queues.setdefault(row.process, []).extend(_events(profile, row, up))
    events: list[dict[str, Any]] = []
    while queues:
        first = min(queue[0]["time"] for queue in queues.values())
        process = rng.choice([p for p, queue in queues.items() if queue[0]["time"] == first])
        events.append(queues[process].pop(0))
        if not queues[process]:
            del queues[process]
    for index, event in enumerate(events, 1):
        event["index"] = index
    if up:
        remaining = {
            key: None if left is None else tickets[key] - left for key, left in remaining.items()
        }
    unlogged = rng.random() < 0.05
    return Recording(
        events, tickets, remaining, profile.numbers, profile.counting, unlogged=unlogged
    )


def _events(profile: Profile, row: Row, up: bool) -> list[dict[str, Any]]:
    """Return the invocation, and the completion if there is one."""
    invoke: dict[str, Any] = {
        "process": row.process, "type": "invoke", "f": row.f, "time": row.begin + profile.offset,
    }  # fmt: skip
    about = {"intent": row.intent, "key": row.key}
    if row.quantity != 1 and not profile.delta:
        about["quantity"] = row.quantity
    invoke |= {name: value for name, value in about.items() if value is not None}
    told = _told(profile, row, up)
    answer = {"value": told, "error": row.error}
    done = {**invoke, "type": row.outcome, "time": (row.done or 0) + profile.offset}
    done |= {name: value for name, value in answer.items() if value is not None}
    if profile.delta and row.f == "buy":
        invoke["value"] = row.quantity
    if row.seat is not None:
        invoke["value"] = row.seat
    return [invoke] if row.done is None else [invoke, done]


def _told(profile: Profile, row: Row, up: bool) -> Any:
    """Return the value of the completion, the way that this file counts."""
    if row.outcome != "ok" or row.f == "refund":
        return None
    if profile.delta and row.f == "buy":
        return row.quantity
    counted = row.f == "search" or profile.numbers in {"before", "after", None}
    return profile.tickets - row.value if up and counted and row.value is not None else row.value
